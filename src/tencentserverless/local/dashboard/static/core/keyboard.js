// Keys that work on the whole page: / search, j and k to move, Enter to open, r to run again. The page that is shown
// says what each does. Where a person types, keys are text.
import { useEffect, useRef } from "./html.js";

const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");

export function useKeys(actions) {
  // The next key may come before the effects of this drawing: it must find what is shown.
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const press = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const action = current.current[event.key];
      if (!action || (event.key === "Enter" && event.target.matches("a, button, summary"))) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
