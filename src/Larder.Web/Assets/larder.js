// Comfort only: every page works without it.
"use strict";

// A button beside each block of lines to copy.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small secondary outline";
    button.textContent = "Copy";
    if (block.dataset.copy) button.setAttribute("aria-label", "Copy " + block.dataset.copy);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    const frame = document.createElement("div");
    frame.className = "copied";
    block.before(frame);
    frame.append(block, button);
  }
}

// Testing a connection: the answer comes into the page, so that a password that was typed stays in its field.
for (const form of document.querySelectorAll("form[data-test]")) {
  form.addEventListener("submit", async event => {
    const button = event.submitter;
    if (!button || button.value !== "test" || form.dataset.plain) return;
    event.preventDefault();
    const result = form.querySelector("[data-test-result]");
    button.setAttribute("aria-busy", "true");
    result.replaceChildren();
    let found = null;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
      if (answer.ok) found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-test-result]");
    } catch { /* then the browser shall show what is wrong */ }
    button.removeAttribute("aria-busy");
    if (found) result.replaceChildren(...found.childNodes);
    else { form.dataset.plain = "1"; form.requestSubmit(button); }
  });
}

// A search field narrows the rows that are shown while one types; sending the form searches everything.
for (const field of document.querySelectorAll("input[data-filters]")) {
  const rows = document.getElementById(field.dataset.filters);
  const status = document.querySelector("[data-filtered='" + field.dataset.filters + "']");
  if (!rows) continue;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(word => word);
    let shown = 0;
    for (const row of rows.children) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      if (!row.hidden) shown++;
    }
    status.hidden = words.length === 0;
    status.textContent = shown + " of the " + rows.children.length + " rows on this page. Enter searches all.";
  });
}

// Publishing: any number of files and folders, each with its progress.
const form = document.querySelector("form[data-publish]");
if (form) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector(".drop");
  const list = document.querySelector("[data-uploads]");
  const finished = document.querySelector("[data-finished]");
  const chosen = form.querySelector("[data-chosen]");
  let dropped = [];
  input.multiple = true;
  form.querySelector("[data-with-script]").hidden = false;

  // A folder hands out its entries a hundred at a time.
  const walk = async (entry, path, found) => {
    if (entry.isFile) {
      found.push({ path: path + entry.name, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (entries.length === 0) return;
      for (const inner of entries) await walk(inner, path + entry.name + "/", found);
    }
  };

  const keep = files => {
    dropped = files;
    input.required = files.length === 0;
    form.querySelector("[data-forget]").hidden = files.length === 0;
    chosen.textContent = files.length === 0 ? ""
      : files.length === 1 ? files[0].path + " is chosen." : files.length + " files are chosen.";
  };
  form.querySelector("[data-forget]").addEventListener("click", () => { keep([]); input.focus(); });

  // Anywhere on the page: beside the box the browser would leave the page for the file.
  const hasFiles = event => event.dataTransfer && event.dataTransfer.types.includes("Files");
  document.addEventListener("dragover", event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) zone.classList.remove("over"); });
  document.addEventListener("drop", async event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    // Read at once: after the first wait the browser has emptied it.
    const entries = Array.from(event.dataTransfer.items, item => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const files = Array.from(event.dataTransfer.files);
    const found = [];
    for (let i = 0; i < files.length; i++) {
      if (entries[i]) await walk(entries[i], "", found);
      else found.push({ path: files[i].name, file: files[i] });
    }
    keep(dropped.concat(found));
  });

  // What is wrong with a field that all files share stands beside it, in place of its hint.
  const fields = ["package_name", "package_version"].map(name => form.elements[name]).map(field => {
    const about = document.getElementById(field.id + "-about");
    return { field, about, hint: about.textContent };
  });
  const show = errors => {
    for (const { field, about, hint } of fields) {
      const error = errors[field.name];
      about.textContent = error ? field.labels[0].textContent + " " + error : hint;
      about.className = error ? "error" : "";
      if (error) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    const wrong = fields.find(({ field }) => errors[field.name]);
    if (wrong) wrong.field.focus();
  };

  const send = upload => new Promise(resolve => {
    const item = document.createElement("li");
    const progress = document.createElement("progress");
    const state = document.createElement("span");
    const label = document.createElement("span");
    label.textContent = upload.path + " ";
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", upload.path);
    item.append(label, progress, state);
    list.append(item);
    const parts = [form.elements.package_name.value.trim(), form.elements.package_version.value.trim(), ...upload.path.split("/")];
    const request = new XMLHttpRequest();
    request.open("PUT", form.getAttribute("action") + "/" + parts.map(encodeURIComponent).join("/"));
    request.setRequestHeader("X-Form-Token", form.elements.form_token.value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", event => { if (event.lengthComputable) progress.value = event.loaded / event.total; });
    request.addEventListener("loadend", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* cut off, or not from us */ }
      progress.hidden = true;
      const done = request.status >= 200 && request.status < 300;
      const errors = answer.fields || {};
      const why = answer.error || (Object.keys(errors).length ? "see above"
        : request.status ? "the server answered " + request.status : "the connection broke");
      state.textContent = done ? "published, SHA-256 " + answer.sha256 : "not published: " + why;
      if (!done) state.className = "error";
      resolve({ upload, address: done ? answer.package : null, errors, hopeless: answer.file === true });
    });
    request.send(upload.file);
  });

  form.addEventListener("submit", async event => {
    event.preventDefault();
    const uploads = Array.from(input.files, file => ({ path: file.name, file })).concat(dropped);
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    list.hidden = false;
    list.replaceChildren();
    finished.textContent = "";
    show({});
    // What is chosen or dropped from here on is for the next time.
    input.value = "";
    keep([]);
    const results = [];
    let errors = {};
    for (const upload of uploads) {
      results.push(await send(upload));
      errors = results[results.length - 1].errors;
      if (Object.keys(errors).length) break; // it would be wrong with every other file too
    }
    const packages = results.map(result => result.address).filter(address => address);
    finished.textContent = packages.length + " of " + uploads.length + (uploads.length === 1 ? " file" : " files") + " published. ";
    if (packages.length) {
      const anchor = document.createElement("a");
      anchor.href = packages[0];
      anchor.textContent = "Look at the package";
      finished.append(anchor);
    }
    // What was refused can be sent again, unless it would need another name.
    const again = results.filter(result => !result.address && !result.hopeless).map(result => result.upload);
    keep(again.concat(uploads.slice(results.length), dropped));
    button.disabled = false;
    show(errors);
  });
}
