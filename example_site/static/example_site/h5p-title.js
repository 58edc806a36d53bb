// Names the frames that the H5P player makes, for those who hear the page: it leaves them without a title.
(function () {
  "use strict";

  document.querySelectorAll(".lms-h5p-activity").forEach((activity) => {
    const title = activity.querySelector(".lms-h5p-activity__title");
    new MutationObserver(() => {
      activity.querySelectorAll("iframe:not([title])").forEach((frame) => {
        frame.title = title.textContent;
      });
    }).observe(activity, { childList: true, subtree: true });
  });
})();
