"""Notice: a line for the user that can be said in another language too."""


class Notice(str):
    """A line in English, with the parts of which it is made. Where only the line is wanted, it is a text as any other.

    :param values: the text in the place of each ``{name}`` of the template; a notice in it can be translated by itself
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: str) -> "Notice":
        """Make a notice."""
        made = super().__new__(cls, template.format_map(values))
        made.template, made.values = template, values
        return made
