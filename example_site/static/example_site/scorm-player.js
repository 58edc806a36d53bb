// The SCORM API that a package looks for in the window around its frame, spoken to the LMS over HTTP.
(function () {
  "use strict";

  const address = document.currentScript.dataset.api;
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const frame = document.getElementById("scorm-frame");
  const status = document.getElementById("scorm-status");
  const written = new Map();
  let state = "new";
  // One after the other: a later value must never be overtaken by an earlier one.
  let queue = Promise.resolve();

  function body(method, parameters) {
    return JSON.stringify({ method: method, parameters: parameters });
  }

  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };

  function send(method, parameters) {
    queue = queue.then(async function deliver() {
      for (let wait = 500; wait <= 8000; wait *= 2) {
        try {
          const answer = await fetch(address, {
            method: "POST", headers: headers, body: body(method, parameters), keepalive: true,
          });
          if (answer.ok) {
            status.textContent = "";
            return;
          }
        } catch (error) {
          // Offline: the next round tries again.
        }
        status.textContent = status.dataset.failed;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    });
  }

  // SCORM 1.2 wants the value now, so this one request blocks; it happens at the start of a lesson.
  function ask(method, parameters) {
    const request = new XMLHttpRequest();
    request.open("POST", address, false);
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
    try {
      request.send(body(method, parameters));
      return request.status === 200 ? String(JSON.parse(request.responseText).result) : "";
    } catch (error) {
      return "";
    }
  }

  function initialize() {
    if (state !== "new") return "false";
    state = "open";
    send("Initialize", [""]);
    return "true";
  }

  function finish() {
    if (state !== "open") return "false";
    state = "finished";
    send("Terminate", [""]);
    return "true";
  }

  function getValue(key) {
    if (state !== "open") return "";
    return written.has(key) ? written.get(key) : ask("GetValue", [key]);
  }

  function setValue(key, value) {
    if (state !== "open") return "false";
    written.set(key, String(value));
    send("SetValue", [key, String(value)]);
    return "true";
  }

  function commit() {
    if (state !== "open") return "false";
    send("Commit", [""]);
    return "true";
  }

  const noError = () => "0";
  const nothing = () => "";

  window.API = {
    LMSInitialize: initialize, LMSFinish: finish, LMSGetValue: getValue, LMSSetValue: setValue,
    LMSCommit: commit, LMSGetLastError: noError, LMSGetErrorString: nothing, LMSGetDiagnostic: nothing,
  };
  window.API_1484_11 = {
    Initialize: initialize, Terminate: finish, GetValue: getValue, SetValue: setValue,
    Commit: commit, GetLastError: noError, GetErrorString: nothing, GetDiagnostic: nothing,
  };
  // Only now: the package looks for the API as soon as it is loaded.
  frame.src = frame.dataset.launch;
})();
