// A browser without JavaScript, as far as logging in and consenting takes: it keeps cookies, follows redirects and fills in forms.

const attributes = tag => Object.fromEntries([...tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/gi)].slice(1).map(m => [m[1], unescapeHTML(m[2] ?? "")]));
const unescapeHTML = s => s.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)).replace(/&quot;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export class Browser {
  constructor() { this.jar = new Map(); }

  async request(url, init = {}) {
    const jar = this.jar.get(new URL(url).host) ?? new Map();
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set("cookie", [...jar].map(([k, v]) => `${k}=${v}`).join("; "));
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      if (/max-age=0|max-age=-/i.test(line)) jar.delete(pair.slice(0, at)); else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    this.jar.set(new URL(url).host, jar);
    return response;
  }

  // open follows redirects and answers forms until there is a page without one, or stop says of a URL that it is the app's.
  async open(url, answers, stop = () => false) {
    let init = {};
    for (let step = 0; step < 30; step++) {
      if (stop(url)) return { url };
      const response = await this.request(url, init);
      const location = response.headers.get("location");
      if (location) {
        url = new URL(location, url).href;
        init = {};
        continue;
      }
      const text = await response.text();
      const form = this.form(text, answers);
      if (!form) return { url, status: response.status, text };
      url = new URL(form.action, url).href;
      init = { method: "POST", body: form.values, headers: { origin: new URL(url).origin } };
    }
    throw new Error("the browser goes in circles");
  }

  // form fills in the form of a page that has a field which answers know.
  form(page, answers) {
    for (const [whole, head] of page.matchAll(/<form\b([^>]*)>[\s\S]*?<\/form>/g)) {
      const values = new URLSearchParams();
      const named = new Set();
      for (const [tag] of whole.matchAll(/<(?:input|button)\b[^>]*>/g)) {
        const a = attributes(tag.slice(1));
        if (!a.name) continue;
        named.add(a.name);
        if (a.type === "hidden" || (a.type === "checkbox" && "checked" in a)) values.append(a.name, a.value ?? "on");
      }
      const known = Object.keys(answers).filter(name => named.has(name));
      if (known.length === 0) continue;
      for (const name of known) values.set(name, answers[name]);
      return { action: attributes("form " + head).action, values };
    }
  }
}
