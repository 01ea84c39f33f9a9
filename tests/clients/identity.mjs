// amazon-cognito-identity-js: SRP, attributes, refresh, code generator, sign-out.
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from "amazon-cognito-identity-js";
import { call, lab } from "./lab.mjs";

const Pool = new CognitoUserPool({ UserPoolId: lab.pool, ClientId: lab.passwordClient, endpoint: lab.endpoint });

const signIn = (user, Password) => new Promise((resolve, reject) =>
  user.authenticateUser(new AuthenticationDetails({ Username: lab.worker, Password }), {
    onSuccess: resolve, onFailure: reject,
  }));

const wrong = new CognitoUser({ Username: lab.worker, Pool });
await assert.rejects(signIn(wrong, "Wr0ng-password!"), { code: "NotAuthorizedException" });

const user = new CognitoUser({ Username: lab.worker, Pool });
const session = await signIn(user, lab.password);
assert.ok(session.isValid());
assert.equal(session.getIdToken().payload.email, lab.worker);
assert.equal((await call(session.getAccessToken().getJwtToken())).status, 200);

const attributes = await promisify(user.getUserAttributes).call(user);
assert.equal(attributes.find((a) => a.getName() === "email").getValue(), lab.worker);
const renewed = await promisify(user.refreshSession).call(user, session.getRefreshToken());
assert.notEqual(renewed.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());

await new Promise((onSuccess, onFailure) => user.globalSignOut({ onSuccess, onFailure }));
const again = promisify(user.refreshSession).call(user, session.getRefreshToken());
await assert.rejects(again, { code: "NotAuthorizedException" });
