// Written by `labctl export spa`. A single-page app without libraries: it signs in with a code sent by
// mail, calls the lab's API, and stays signed in by refreshing its tokens.
"use strict";

const lab = window.LAB;

// ---- Cognito's own API: JSON, unsigned, allowed from any origin.

async function cognito(operation, input) {
  const answer = await fetch(lab.cognito, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": "AWSCognitoIdentityProviderService." + operation,
    },
    body: JSON.stringify(input),
  });
  // An operation that answers nothing may have an empty body.
  const output = JSON.parse((await answer.text()) || "{}");
  if (!answer.ok) {
    const error = new Error(output.message || output.Message || answer.statusText);
    error.code = (output.__type || "").split("#").pop();
    throw error;
  }
  return output;
}

// ---- The session. Tokens live in this page's memory only: another script, or another tab, does not
// find them in any storage, and a reload signs out.

class Session {
  constructor(email) {
    this.email = email;
    this.tokens = null;
    this.renewing = null;
    this.timer = null;
  }

  // Sends the mail; answers the masked address.
  async begin() {
    let step = await cognito("InitiateAuth", {
      AuthFlow: "USER_AUTH",
      ClientId: lab.clientId,
      AuthParameters: { USERNAME: this.email, PREFERRED_CHALLENGE: "EMAIL_OTP" },
    });
    if (step.ChallengeName === "SELECT_CHALLENGE") {
      step = await cognito("RespondToAuthChallenge", {
        ClientId: lab.clientId,
        ChallengeName: "SELECT_CHALLENGE",
        Session: step.Session,
        ChallengeResponses: { USERNAME: this.email, ANSWER: "EMAIL_OTP" },
      });
    }
    this.step = step;
    return step.ChallengeParameters.CODE_DELIVERY_DESTINATION || this.email;
  }

  async answer(code) {
    const { Session: session, ChallengeParameters: parameters } = this.step;
    const output = await cognito("RespondToAuthChallenge", {
      ClientId: lab.clientId,
      ChallengeName: "EMAIL_OTP",
      Session: session,
      ChallengeResponses: { USERNAME: parameters.USERNAME || this.email, EMAIL_OTP_CODE: code },
    });
    this.keep(output.AuthenticationResult);
  }

  keep(result) {
    const refresh = result.RefreshToken || (this.tokens && this.tokens.refresh);
    this.tokens = { access: result.AccessToken, id: result.IdToken, refresh };
    // Silently, when a fifth of their life is left.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.renew().catch(() => {}), result.ExpiresIn * 800);
  }

  // Many calls may find the token expired at once. They share one refresh: with rotation, a refresh
  // token is good once.
  renew() {
    this.renewing ||= this.refresh().finally(() => { this.renewing = null; });
    return this.renewing;
  }

  async refresh() {
    const output = lab.rotated
      ? await cognito("GetTokensFromRefreshToken", {
          ClientId: lab.clientId,
          RefreshToken: this.tokens.refresh,
        })
      : await cognito("InitiateAuth", {
          AuthFlow: "REFRESH_TOKEN_AUTH",
          ClientId: lab.clientId,
          AuthParameters: { REFRESH_TOKEN: this.tokens.refresh },
        });
    this.keep(output.AuthenticationResult);
  }

  // Calls a route. A 401 may mean that the token has expired (the machine slept, say): refresh, and try
  // once more. A second 401 is final.
  async call(route) {
    const sent = this.tokens;
    const answer = await this.send(route);
    if (answer.status !== 401 || !route.token) return answer;
    // Another call may have refreshed them meanwhile.
    if (this.tokens === sent) await this.renew();
    return this.send(route);
  }

  send(route) {
    const path = route.path.replace(/\{[^}]*\}/g, "example");
    const headers = route.token ? { [route.header]: this.tokens[route.token] } : {};
    const method = route.method === "ANY" ? "GET" : route.method;
    return fetch(lab.stageUrl + path, { method, headers });
  }

  // The refresh token ends on Cognito's side too. Access tokens are good until they expire.
  async end() {
    clearTimeout(this.timer);
    const token = this.tokens && this.tokens.refresh;
    this.tokens = null;
    if (token) await cognito("RevokeToken", { ClientId: lab.clientId, Token: token });
  }
}

// ---- The page.

const $ = (id) => document.getElementById(id);
let session = null;

function show(part) {
  for (const id of ["begin", "answer", "signed-in"]) $(id).hidden = id !== part;
}

function say(text) {
  $("status").textContent = text;
}

// Runs what a button does, and says what went wrong.
async function attempt(what, action) {
  say(what + " …");
  try {
    await action();
    say("");
  } catch (error) {
    say(`${what}: ${error.code ? error.code + ": " : ""}${error.message}`);
  }
}

$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt("Sending a code", async () => {
    session = new Session($("email").value.trim());
    const to = await session.begin();
    show("answer");
    document.querySelector("label[for=code]").textContent = `Code from the mail to ${to}`;
    $("code").value = "";
    $("code").focus();
  });
});

$("answer").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt("Signing in", async () => {
    await session.answer($("code").value.trim());
    $("who").textContent = session.email;
    $("result").textContent = "";
    show("signed-in");
  });
});

$("sign-out").addEventListener("click", () => {
  attempt("Signing out", async () => {
    await session.end();
    show("begin");
  });
});

for (const route of lab.routes) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${route.method} ${route.path}`;
  button.addEventListener("click", () => {
    attempt(button.textContent, async () => {
      const answer = await session.call(route);
      $("result").textContent = `${answer.status} ${await answer.text()}`;
    });
  });
  $("routes").append(button, " ");
}

document.title = $("title").textContent = `Lab: ${lab.lab}`;
$("email").value = lab.user || "";
