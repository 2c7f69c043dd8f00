// The one way to markup: a template becomes elements of Preact. A value in a template is text or an attribute, never
// markup, so whatever a function has printed can't become a part of the page.
import htm from "../vendor/htm.mjs";
import { h } from "../vendor/preact.mjs";

export { Component, Fragment, render } from "../vendor/preact.mjs";
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks.mjs";

export const html = htm.bind(h);
