// AWS SDK for JavaScript v3: an administrator looks around, a student signs in with a code and refreshes.
import assert from "node:assert/strict";
import { APIGatewayClient, GetMethodCommand, GetResourcesCommand } from "@aws-sdk/client-api-gateway";
import {
  AdminGetUserCommand, CognitoIdentityProviderClient, GetTokensFromRefreshTokenCommand, GetUserCommand,
  InitiateAuthCommand, RespondToAuthChallengeCommand, RevokeTokenCommand, paginateListUsers,
} from "@aws-sdk/client-cognito-identity-provider";
import { call, code, lab } from "./lab.mjs";

const config = { endpoint: lab.endpoint, region: "us-east-1" };
const credentials = { accessKeyId: lab.account, secretAccessKey: "any" };
const admin = new CognitoIdentityProviderClient({ ...config, credentials });

const user = await admin.send(new AdminGetUserCommand({ UserPoolId: lab.pool, Username: lab.email }));
assert.equal(user.UserStatus, "CONFIRMED");
assert.ok(user.UserCreateDate instanceof Date);
const names = [];
for await (const page of paginateListUsers({ client: admin, pageSize: 1 }, { UserPoolId: lab.pool })) {
  names.push(...page.Users.map((found) => found.Username));
}
assert.ok(names.length >= 2 && names.includes(user.Username));

const gateway = new APIGatewayClient({ ...config, credentials });
const { items } = await gateway.send(new GetResourcesCommand({ restApiId: lab.api }));
const demo = items.find((resource) => resource.path === "/demo");
const at = { restApiId: lab.api, resourceId: demo.id, httpMethod: "GET" };
const method = await gateway.send(new GetMethodCommand(at));
assert.equal(method.authorizationType, "COGNITO_USER_POOLS");
assert.equal(method.methodIntegration.type, "AWS_PROXY");

const student = new CognitoIdentityProviderClient(config);
const ClientId = lab.client;
const begun = await student.send(new InitiateAuthCommand({
  ClientId, AuthFlow: "USER_AUTH", AuthParameters: { USERNAME: lab.email, PREFERRED_CHALLENGE: "EMAIL_OTP" },
}));
assert.equal(begun.ChallengeName, "EMAIL_OTP");
const answer = (given) => student.send(new RespondToAuthChallengeCommand({
  ClientId, ChallengeName: "EMAIL_OTP", Session: begun.Session,
  ChallengeResponses: { USERNAME: lab.email, EMAIL_OTP_CODE: given },
}));
await assert.rejects(answer("00000000"), { name: "CodeMismatchException" });
const { AuthenticationResult: tokens } = await answer(await code(lab.email));
assert.deepEqual(await call(tokens.AccessToken), { status: 200, body: "Hello from Lambda!" });
assert.equal((await call(tokens.IdToken)).status, 401);
const me = await student.send(new GetUserCommand({ AccessToken: tokens.AccessToken }));
assert.equal(me.UserAttributes.find(({ Name }) => Name === "email").Value, lab.email);

const RefreshToken = tokens.RefreshToken;
const renewed = await student.send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken }));
assert.equal((await call(renewed.AuthenticationResult.AccessToken)).status, 200);
await student.send(new RevokeTokenCommand({ ClientId, Token: RefreshToken }));
await assert.rejects(
  student.send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken })), { name: "NotAuthorizedException" });
