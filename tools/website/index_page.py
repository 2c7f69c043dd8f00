"""The first page of the site: it leads to the language of the browser."""

from __future__ import annotations

from .languages import CHINESE, ENGLISH, LANGUAGES


def render() -> str:
    """The HTML of the page. Without scripts it is two links."""
    links = "\n".join(
        f'      <li><a lang="{each.code}" hreflang="{each.code}" href="{each.folder}/index.html">{each.title}</a></li>'
        for each in LANGUAGES
    )
    return f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>tencentserverless</title>
    <script>
      const wanted = (navigator.languages || [navigator.language]).find((each) => /^(zh|en)\\b/i.test(each)) || "en";
      location.replace((/^zh/i.test(wanted) ? "{CHINESE.folder}" : "{ENGLISH.folder}") + "/index.html");
    </script>
  </head>
  <body>
    <main>
      <h1>tencentserverless</h1>
      <ul>
{links}
      </ul>
    </main>
  </body>
</html>
"""
