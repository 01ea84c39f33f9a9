// aws-jwt-verify: tokens of the twin against the twin's keys, under the issuer's real name.
import assert from "node:assert/strict";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import {
  CognitoJwtInvalidClientIdError, CognitoJwtInvalidTokenUseError, JwtInvalidScopeError, JwtInvalidSignatureError,
} from "aws-jwt-verify/error";
import { lab } from "./lab.mjs";

const keys = await (await fetch(`${lab.endpoint}/${lab.pool}/.well-known/jwks.json`)).json();
const verifier = (tokenUse, clientId = lab.passwordClient) => {
  const made = CognitoJwtVerifier.create({ userPoolId: lab.pool, tokenUse, clientId });
  made.cacheJwks(keys);
  return made;
};
const { access, id } = lab.tokens;

const said = await verifier("access").verify(access);
assert.equal(said.client_id, lab.passwordClient);
assert.equal(said.scope, "aws.cognito.signin.user.admin");
assert.equal((await verifier("id").verify(id)).email, lab.worker);
await verifier("access").verify(access, { scope: "aws.cognito.signin.user.admin" });

await assert.rejects(verifier("access").verify(id), CognitoJwtInvalidTokenUseError);
await assert.rejects(verifier("access", "another").verify(access), CognitoJwtInvalidClientIdError);
await assert.rejects(verifier("access").verify(access, { scope: "other" }), JwtInvalidScopeError);
const [head, body, signature] = access.split(".");
const flipped = (signature[9] === "A" ? "B" : "A") + signature.slice(1, 9) + signature[0] + signature.slice(10);
await assert.rejects(verifier("access").verify(`${head}.${body}.${flipped}`), JwtInvalidSignatureError);
