// What axe-core finds in the theme.
const mend = () => {
  // A region that scrolls is for the keyboard, too.
  for (const region of document.querySelectorAll(".md-typeset__scrollwrap, pre > code")) {
    region.tabIndex = 0;
  }
  // These are no landmarks: there is one for each block of code.
  for (const nav of document.querySelectorAll("nav.md-code__nav")) {
    nav.setAttribute("role", "none");
  }
};
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
