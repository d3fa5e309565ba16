/** The field that is filled in first has the focus when a form opens: the browser's `autofocus` is for whole pages. */
export const vFocus = { mounted: (element: HTMLElement): void => element.focus() }
