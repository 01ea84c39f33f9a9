//! Of the user pool, its client and its user.

use serde_json::json;

use super::{Edit, edit};
use crate::drift::lab::USER;

pub(in crate::drift) fn of_the_pool() -> Vec<Edit> {
    let pool = "cognito-idp:UpdateUserPool";
    let client = "cognito-idp:UpdateUserPoolClient";
    vec![
        edit(
            "protection",
            |lab| lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE")),
            "user_pool",
            &[["DeletionProtection", "INACTIVE", "ACTIVE"]],
            &[pool],
        ),
        edit(
            "first factors",
            |lab| {
                lab.change_pool(|p| {
                    p["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"] = json!(["PASSWORD"]);
                });
            },
            "user_pool",
            &[["SignInPolicy", "EMAIL_OTP, PASSWORD", "PASSWORD"]],
            &[pool],
        ),
        edit(
            "sign-up by anybody",
            |lab| {
                lab.change_pool(|p| {
                    p["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] = json!(false);
                });
            },
            "user_pool",
            &[["AllowAdminCreateUserOnly", "true", "false"]],
            &[pool],
        ),
        edit(
            "tags",
            |lab| lab.change_pool(|p| p["UserPoolTags"] = json!({ "team": "other" })),
            "user_pool",
            &[["tag labctl:lab", "cognito-authorizer", "nothing"]],
            &["cognito-idp:TagResource"],
        ),
        edit(
            "flows",
            |lab| {
                lab.change_client(|c| c["ExplicitAuthFlows"] = json!(["ALLOW_USER_PASSWORD_AUTH"]));
            },
            "app_client",
            &[[
                "ExplicitAuthFlows",
                "ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
            ]],
            &[client],
        ),
        edit(
            "rotation, which excludes the refresh flow",
            |lab| {
                lab.change_client(|c| {
                    c["ExplicitAuthFlows"] = json!(["ALLOW_USER_AUTH"]);
                    c["RefreshTokenRotation"] = json!({ "Feature": "ENABLED" });
                });
            },
            "app_client",
            &[
                [
                    "ExplicitAuthFlows",
                    "ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH",
                    "ALLOW_USER_AUTH",
                ],
                ["RefreshTokenRotation", "DISABLED", "ENABLED"],
            ],
            &[client],
        ),
        edit(
            "lifetimes",
            |lab| {
                lab.change_client(|c| {
                    c["AccessTokenValidity"] = json!(5);
                    c["RefreshTokenValidity"] = json!(1);
                });
            },
            "app_client",
            &[
                ["AccessTokenValidity", "60", "5"],
                ["RefreshTokenValidity", "*", "1"],
            ],
            &[client],
        ),
        edit(
            "what a client may learn of users",
            |lab| {
                lab.change_client(|c| {
                    c["PreventUserExistenceErrors"] = json!("LEGACY");
                    c["EnableTokenRevocation"] = json!(false);
                });
            },
            "app_client",
            &[
                ["PreventUserExistenceErrors", "ENABLED", "LEGACY"],
                ["EnableTokenRevocation", "true", "false"],
            ],
            &[client],
        ),
        edit(
            "client deleted",
            |lab| {
                drop(lab.cognito("DeleteUserPoolClient", json!({ "ClientId": lab.site.state()["steps"]["app_client"]["output"]["client_id"] })));
            },
            "app_client",
            &[],
            &["cognito-idp:CreateUserPoolClient"],
        ),
        edit(
            "user disabled",
            |lab| drop(lab.cognito("AdminDisableUser", json!({ "Username": USER }))),
            "user.student@example.com",
            &[["Enabled", "true", "false"]],
            &["cognito-idp:AdminEnableUser"],
        ),
        edit(
            "address not verified",
            |lab| {
                let unverified = json!([{ "Name": "email_verified", "Value": "false" }]);
                let input = json!({ "Username": USER, "UserAttributes": unverified });
                lab.cognito("AdminUpdateUserAttributes", input);
            },
            "user.student@example.com",
            &[["email_verified", "true", "false"]],
            &["cognito-idp:AdminUpdateUserAttributes"],
        ),
        edit(
            "user deleted",
            |lab| drop(lab.cognito("AdminDeleteUser", json!({ "Username": USER }))),
            "user.student@example.com",
            &[],
            &["cognito-idp:AdminCreateUser"],
        ),
    ]
}
