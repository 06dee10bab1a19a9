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

  zone.addEventListener("dragover", event => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async event => {
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
    dropped = dropped.concat(found);
    input.required = dropped.length === 0;
    chosen.textContent = dropped.length + (dropped.length === 1 ? " file dropped." : " files dropped.");
  });

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
      state.textContent = done ? "published, SHA-256 " + answer.sha256
        : "not published: " + (answer.error || (request.status ? "the server answered " + request.status : "the connection broke"));
      if (!done) state.className = "error";
      resolve(done ? answer.package : null);
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
    const packages = [];
    for (const upload of uploads) packages.push(await send(upload));
    const link = packages.find(address => address);
    const count = packages.filter(address => address).length;
    finished.textContent = count + " of " + uploads.length + (uploads.length === 1 ? " file" : " files") + " published. ";
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link;
      anchor.textContent = "Look at the package";
      finished.append(anchor);
    }
    dropped = [];
    input.value = "";
    input.required = true;
    chosen.textContent = "";
    button.disabled = false;
  });
}
