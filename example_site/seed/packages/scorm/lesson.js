// Shows the slides and the questions, and tells the LMS through the SCORM 1.2 API how far one is.
(function () {
  "use strict";

  const lesson = window.LESSON;
  const words = lesson.words;
  const steps = lesson.slides.length + 1;
  const api = findApi(window);
  const slide = document.getElementById("slide");
  const back = document.getElementById("back");
  const next = document.getElementById("next");
  const verdict = document.getElementById("verdict");
  let at = 0;

  function findApi(from) {
    for (let tries = 0; tries < 8; tries += 1) {
      if (from.API) return from.API;
      if (from.parent === from) break;
      from = from.parent;
    }
    return from.opener && from.opener.API ? from.opener.API : null;
  }

  function tell(key, value) {
    if (api) api.LMSSetValue(key, String(value));
  }

  function element(name, text) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    return made;
  }

  function showSlide(content) {
    slide.replaceChildren(element("h2", content.title));
    content.text.forEach((paragraph) => slide.append(element("p", paragraph)));
  }

  function showQuestions() {
    slide.replaceChildren(element("h2", words.check));
    lesson.questions.forEach((question, number) => {
      const group = element("fieldset");
      group.append(element("legend", question.ask));
      question.answers.forEach((answer, index) => {
        const label = element("label");
        const input = element("input");
        input.type = "radio";
        input.name = "question-" + number;
        input.value = index;
        label.append(input, element("span", answer));
        group.append(label);
      });
      slide.append(group);
    });
  }

  function show(step) {
    at = Math.min(Math.max(step, 0), steps - 1);
    verdict.textContent = "";
    if (at < lesson.slides.length) showSlide(lesson.slides[at]);
    else showQuestions();
    document.getElementById("progress").textContent =
      words.progress.replace("{n}", at + 1).replace("{of}", steps);
    back.hidden = at === 0;
    back.textContent = words.back;
    next.textContent = at === steps - 1 ? words.hand_in : words.next;
    tell("cmi.core.lesson_location", at);
  }

  function handIn() {
    const right = lesson.questions.filter((question, number) => {
      const chosen = document.querySelector("input[name=question-" + number + "]:checked");
      return chosen && Number(chosen.value) === question.right;
    }).length;
    const all = lesson.questions.length;
    tell("cmi.core.score.min", 0);
    tell("cmi.core.score.max", 100);
    tell("cmi.core.score.raw", Math.round((100 * right) / all));
    tell("cmi.core.lesson_status", right === all ? "passed" : "incomplete");
    if (api) api.LMSCommit("");
    verdict.textContent = (right === all ? words.passed : words.again)
      .replace("{n}", right).replace("{of}", all);
  }

  next.addEventListener("click", () => {
    if (at === steps - 1) return handIn();
    show(at + 1);
    slide.focus();
  });
  back.addEventListener("click", () => {
    show(at - 1);
    slide.focus();
  });
  window.addEventListener("pagehide", () => {
    if (api) api.LMSFinish("");
  });

  if (api) api.LMSInitialize("");
  const status = api ? api.LMSGetValue("cmi.core.lesson_status") : "";
  if (api && status !== "passed" && status !== "completed") tell("cmi.core.lesson_status", "incomplete");
  show(Number(api ? api.LMSGetValue("cmi.core.lesson_location") : 0) || 0);
})();
