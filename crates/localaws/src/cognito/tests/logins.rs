//! ID tokens as identity pools take them.

use super::*;
use crate::{
    app::now_ms,
    cognito::{LoginRefusal, verify_login},
};

#[tokio::test]
async fn an_old_id_token_is_no_login() {
    let twin = Twin::new();
    let lab = twin.lab().await;
    let place = twin.place(&lab.pool);
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{}", lab.pool);
    let issue_at = async |now: i64| {
        let issue = twin.app.write(|world| {
            let pool = place.get_mut(world).unwrap();
            let (client, user) = (
                pool.clients[&lab.client].clone(),
                pool.find(EMAIL).unwrap().clone(),
            );
            pool.sign_in(&client, &user, now)
        });
        text(&issue.sign(&twin.app, &place).await.unwrap()["IdToken"])
    };
    let fresh = issue_at(now_ms() - 3_500_000).await;
    let login = verify_login(&twin.app, &provider, &fresh).unwrap();
    assert_eq!((login.client, login.is_live), (lab.client.clone(), true));
    let old = issue_at(now_ms() - 3_601_000).await;
    match verify_login(&twin.app, &provider, &old) {
        Err(LoginRefusal::Expired { now, exp }) => assert!(now >= exp, "{now} {exp}"),
        other => panic!("{other:?}"),
    }
}
