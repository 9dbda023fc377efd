//! A client that goes away in the middle of a request.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Office, Server, eventually};

#[tokio::test]
async fn whoever_goes_away_while_accepting_leaves_nothing_behind() {
    let server = Server::start().await;
    let office = Office::open(&server).await;
    let created = office.invite("ada@example.com").await;
    let token = server.token_to("ada@example.com", 1).await;
    let ada = server.browser();
    ada.sign_up("ada@example.com").await;
    let me = ada.get("/api/me").await;
    let session = me.header("set-cookie").split(';').next().unwrap();

    // It can do all but make a member.
    let mut writer = server.database().await;
    let mut look = server.database().await;
    writer.block_writers().await;
    let mut stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).await.unwrap();
    let body = json!({ "token": token }).to_string();
    let request = format!(
        "POST /api/invitations/accept HTTP/1.1\r\nHost: x\r\nCookie: {session}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    eventually("the acceptance waits", async || look.waiting().await.is_none_or(|waiting| waiting > 0).then_some(()))
        .await;
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    // The program has noticed when it hangs up as well.
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "");
    writer.unblock_writers().await;

    let path = office.path_of(&created);
    assert_eq!(office.owner.get(&path).await.expect(200)["status"], "pending");
    assert_eq!(ada.get("/api/me").await.expect(200)["memberships"], json!([]));
    // Nor is anything locked that the next one needs.
    assert_eq!(ada.accept(&token).await.expect(200)["already_accepted"], false);
    let events = office.owner.get(&format!("{path}/events")).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 2, "{events}");
}
