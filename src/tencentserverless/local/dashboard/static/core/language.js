// English is written where it is shown; Chinese is found by it in languages/chinese.json. A test reads every call of t
// in these files, and fails where the catalogue lacks one.
const CHOICE = "scf-dashboard-language";
export const LANGUAGES = { en: "English", zh: "中文" };

let current = "en";
let chinese = {};

export const language = () => current;

// The locale for dates and numbers.
export const locale = () => (current === "zh" ? "zh-CN" : "en-GB");

function wanted() {
  const chosen = readChoice();
  if (chosen in LANGUAGES) return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

// A browser that keeps nothing for pages throws where it is asked to.
function readChoice() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

function keepChoice(name) {
  try {
    localStorage.setItem(CHOICE, name);
  } catch {
    // Then it holds for this page alone.
  }
}

// Use the language of the last choice, else that of the browser.
export async function loadLanguage() {
  await useLanguage(wanted());
}

export async function chooseLanguage(name) {
  keepChoice(name);
  await useLanguage(name);
}

async function useLanguage(name) {
  if (name === "zh" && !("Overview" in chinese)) {
    const answer = await fetch(new URL("../languages/chinese.json", import.meta.url));
    chinese = await answer.json();
  }
  current = name;
  document.documentElement.lang = name === "zh" ? "zh-CN" : "en";
}

function fill(text, values) {
  const found = current === "zh" && Object.hasOwn(chinese, text) ? chinese[text] : text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

// The text in the language in use; {name} in it stands for a value.
export const t = (text, values = {}) => fill(text, values);

// A notice of the server, whose text is written there; a value may be a notice itself.
export const notice = ({ template, values }) =>
  fill(template, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, notice(value)])));
