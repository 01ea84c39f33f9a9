// Amplify Auth v6: choice-based sign-in with a code, and SRP.
import assert from "node:assert/strict";
import { confirmSignIn, fetchAuthSession, fetchUserAttributes, getCurrentUser, signIn, signOut } from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider, cognitoCredentialsProvider } from "@aws-amplify/auth/cognito";
import { Amplify } from "@aws-amplify/core";
import { call, code, lab } from "./lab.mjs";

// What the package aws-amplify does around these two.
const use = (userPoolClientId) => {
  const Auth = { Cognito: { userPoolId: lab.pool, userPoolClientId, userPoolEndpoint: lab.endpoint } };
  Amplify.configure({ Auth }, {
    Auth: { tokenProvider: cognitoUserPoolsTokenProvider, credentialsProvider: cognitoCredentialsProvider },
  });
  cognitoUserPoolsTokenProvider.setAuthConfig(Auth);
};
const kept = new Map();
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  setItem: async (key, value) => void kept.set(key, value),
  getItem: async (key) => kept.get(key) ?? null,
  removeItem: async (key) => void kept.delete(key),
  clear: async () => kept.clear(),
});

const accessToken = async (options) => (await fetchAuthSession(options)).tokens.accessToken.toString();

use(lab.client);
const choice = await signIn({ username: lab.email, options: { authFlowType: "USER_AUTH" } });
// The only way in is taken at once where there is but one; else it is chosen.
if (choice.nextStep.signInStep === "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION") {
  assert.ok(choice.nextStep.availableChallenges.includes("EMAIL_OTP"));
  const chosen = await confirmSignIn({ challengeResponse: "EMAIL_OTP" });
  assert.equal(chosen.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
} else {
  assert.equal(choice.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
}
const done = await confirmSignIn({ challengeResponse: await code(lab.email) });
assert.equal(done.nextStep.signInStep, "DONE");
assert.deepEqual(await call(await accessToken()), { status: 200, body: "Hello from Lambda!" });
assert.equal((await fetchUserAttributes()).email, lab.email);
await signOut();

const preferred = await signIn({
  username: lab.email, options: { authFlowType: "USER_AUTH", preferredChallenge: "EMAIL_OTP" },
});
assert.equal(preferred.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
assert.equal(preferred.nextStep.codeDeliveryDetails.deliveryMedium, "EMAIL");
assert.equal((await confirmSignIn({ challengeResponse: await code(lab.email) })).isSignedIn, true);
const first = await accessToken();
assert.notEqual(await accessToken({ forceRefresh: true }), first);
await signOut({ global: true });

use(lab.passwordClient);
const password = lab.password;
await assert.rejects(signIn({ username: lab.worker, password: "Wr0ng-password!" }), { name: "NotAuthorizedException" });
const srp = await signIn({ username: lab.worker, password });
assert.equal(srp.nextStep.signInStep, "DONE");
assert.ok((await getCurrentUser()).userId);
await signOut();
const chosen = await signIn({
  username: lab.worker, password, options: { authFlowType: "USER_AUTH", preferredChallenge: "PASSWORD_SRP" },
});
assert.equal(chosen.nextStep.signInStep, "DONE");
assert.equal((await call(await accessToken())).status, 200);
