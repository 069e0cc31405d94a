// SMART client libraries against a running Andiron: fhirclient and openid-client go through standalone launch, EHR launch, refresh and
// backend services. conformance/spec/smart has no server of its own: TestSMARTLibraries in cmd/andiron starts one and runs this.
//
//   ANDIRON={"base": FHIR base, "app": client id, "ehr": {"id", "secret"}, "backend": {"id", "kid", "jwk"}, "user": {…}, "patient": …} node launch.mjs
import assert from "node:assert/strict";
import http from "node:http";
import { webcrypto } from "node:crypto";
import * as oidc from "openid-client";
import smart from "fhirclient";
import { Browser } from "./browser.mjs";

const it = JSON.parse(process.env.ANDIRON);
const as = { username: it.user.username, password: it.user.password, patient: it.patient, decision: "allow" };
const asPatient = { username: it.person.username, password: it.person.password, decision: "allow" };
const fhir = async (path, token) => {
  const r = await fetch(it.base + path, { headers: token ? { authorization: "Bearer " + token } : {} });
  return { status: r.status, body: await r.json().catch(() => null) };
};
const refusal = code => error => error.error === code;
const steps = [];
const step = (name, run) => steps.push([name, run]);

const discover = (id, metadata, auth) => oidc.discovery(new URL(it.base), id, metadata, auth, { execute: [oidc.allowInsecureRequests] });

async function codeFlow(config, parameters, answers) {
  const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
  const redirect = "http://127.0.0.1:53682/callback";
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirect, state, nonce, aud: it.base, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...parameters,
  });
  const end = await new Browser().open(url.href, answers, u => u.startsWith(redirect));
  assert.ok(end.url.startsWith(redirect), `the flow ends at ${end.url} with ${end.status}: ${end.text?.slice(0, 500)}`);
  const expected = { pkceCodeVerifier: verifier, expectedState: state };
  if (parameters.scope.split(" ").includes("openid")) expected.expectedNonce = nonce;
  return oidc.authorizationCodeGrant(config, new URL(end.url), expected);
}

step("openid-client: standalone launch with a patient, identity, refresh and its rotation, revocation", async () => {
  const config = await discover(it.app, { redirect_uris: [] }, oidc.None());
  const tokens = await codeFlow(config, { scope: "openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs" }, asPatient);
  assert.equal(tokens.patient, it.person.patient);
  assert.equal(tokens.token_type, "bearer");
  assert.match(tokens.claims().fhirUser, new RegExp("Patient/" + it.person.patient + "$"));
  assert.equal((await fhir("/Patient/" + it.person.patient, tokens.access_token)).status, 200);
  const foreign = await fhir("/Patient/" + it.patient, tokens.access_token);
  const never = await fhir("/Patient/never-was-there", tokens.access_token);
  assert.deepEqual([foreign.status, foreign.body.issue[0].code], [404, "not-found"]);
  assert.deepEqual(foreign.body, never.body);
  assert.equal((await fhir("/Condition?patient=" + it.person.patient, tokens.access_token)).status, 403);
  const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(again.patient, it.person.patient);
  assert.notEqual(again.refresh_token, tokens.refresh_token);
  assert.equal((await fhir("/Observation", again.access_token)).status, 200);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), refusal("invalid_grant"), "a refresh token works twice");
  await assert.rejects(oidc.refreshTokenGrant(config, again.refresh_token), refusal("invalid_grant"), "its family lives on after it was used twice");
  assert.equal((await fhir("/Observation", again.access_token)).status, 401);
});

step("openid-client: a clinician takes back what an app was given", async () => {
  const config = await discover(it.app, {}, oidc.None());
  const tokens = await codeFlow(config, { scope: "openid fhirUser user/Patient.rs" }, as);
  assert.equal((await fhir("/Patient/" + it.patient, tokens.access_token)).status, 200);
  await oidc.tokenRevocation(config, tokens.access_token);
  assert.equal((await fhir("/Patient/" + it.patient, tokens.access_token)).status, 401);
});

step("openid-client: who denies gives nothing", async () => {
  const config = await discover(it.app, {}, oidc.None());
  await assert.rejects(codeFlow(config, { scope: "user/Patient.rs" }, { ...as, decision: "deny" }), refusal("access_denied"));
});

step("openid-client: backend services with private_key_jwt (ES384)", async () => {
  const { jwk, kid } = it.backend;
  const key = await webcrypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-384" }, false, ["sign"]);
  const token = (await (await fetch(it.base + "/.well-known/smart-configuration")).json()).token_endpoint;
  const forToken = { [oidc.modifyAssertion]: (header, payload) => { header.kid = kid; payload.aud = token; payload.exp = payload.iat + 240; } };
  const config = await discover(it.backend.id, {}, oidc.PrivateKeyJwt({ key, kid }, forToken));
  const tokens = await oidc.clientCredentialsGrant(config, { scope: "system/Observation.rs" });
  assert.ok(tokens.expires_in <= 300 && tokens.refresh_token === undefined);
  assert.equal((await fhir("/Observation?_count=1", tokens.access_token)).status, 200);
  assert.equal((await fhir("/Patient?_count=1", tokens.access_token)).status, 403);
  await assert.rejects(oidc.clientCredentialsGrant(config, { scope: "system/Patient.rs" }), refusal("invalid_scope"));
});

// app is a web app that uses fhirclient as its documentation has it: /launch begins, /callback ends and shows what the app sees.
async function app(scope, show) {
  const sessions = new Map();
  const storage = { get: async k => sessions.get(k), set: async (k, v) => (sessions.set(k, v), v), unset: async k => sessions.delete(k) };
  const server = http.createServer(async (request, response) => {
    try {
      const library = smart(request, response, storage);
      if (request.url.startsWith("/launch")) {
        await library.authorize({ clientId: it.app, scope, redirectUri: "/callback", pkceMode: "required" });
        return;
      }
      const client = await library.ready();
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(await show(client)));
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error?.stack ?? error));
    }
  });
  await new Promise(done => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function through(a, path, answers) {
  try {
    const end = await new Browser().open(a.url + path, answers);
    assert.equal(end.status, 200, end.text);
    return JSON.parse(end.text);
  } finally {
    a.close();
  }
}

step("fhirclient: standalone launch, the patient is picked, refresh", async () => {
  const a = await app("openid fhirUser launch/patient offline_access patient/Patient.rs user/Practitioner.rs", async client => {
    const patient = await client.patient.read();
    const user = await client.user.read();
    const before = client.state.tokenResponse.access_token;
    await client.refresh();
    const again = await client.request("Patient/" + client.patient.id);
    return { patient: patient.id, user: `${user.resourceType}/${user.id}`, again: again.id, rotated: before !== client.state.tokenResponse.access_token };
  });
  assert.deepEqual(await through(a, "/launch?iss=" + encodeURIComponent(it.base), as), { patient: it.patient, user: it.user.fhirUser, again: it.patient, rotated: true });
});

step("fhirclient: EHR launch, with patient and encounter from the EHR's session", async () => {
  const root = it.base.replace(/\/fhir$/, "");
  const handle = await fetch(root + "/auth/launch", {
    method: "POST", headers: { authorization: "Basic " + Buffer.from(`${it.ehr.id}:${it.ehr.secret}`).toString("base64"), "content-type": "application/json" },
    body: JSON.stringify({ client_id: it.app, patient: it.patient, encounter: it.encounter, intent: "reconcile-medications", need_patient_banner: false, user: it.user.username }),
  });
  assert.equal(handle.status, 200, await handle.clone().text());
  const { launch } = await handle.json();
  const seen = () => app("openid fhirUser launch patient/Patient.rs patient/Encounter.rs", async client => {
    const { patient, encounter, intent, need_patient_banner } = client.state.tokenResponse;
    return { patient, encounter, intent, need_patient_banner, read: (await client.patient.read()).id, met: (await client.encounter.read()).id };
  });
  const path = `/launch?iss=${encodeURIComponent(it.base)}&launch=${encodeURIComponent(launch)}`;
  assert.deepEqual(await through(await seen(), path, as), {
    patient: it.patient, encounter: it.encounter, intent: "reconcile-medications", need_patient_banner: false, read: it.patient, met: it.encounter,
  });
  await assert.rejects(through(await seen(), path, as), "a launch handle works twice");
});

let failed = 0;
for (const [name, run] of steps) {
  try {
    await run();
    console.log("ok   " + name);
  } catch (error) {
    failed++;
    console.log("FAIL " + name + "\n" + (error?.stack ?? error) + (error?.cause ? "\ncause: " + JSON.stringify(error.cause) : ""));
  }
}
process.exit(failed === 0 ? 0 : 1);
