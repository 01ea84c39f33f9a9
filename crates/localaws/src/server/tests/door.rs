//! Checks connections by uid.

use std::{
    io::Write,
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use rustix::process::geteuid;

use super::{
    super::{
        door::{Guard, Refused},
        peers::{Ends, Peers},
    },
    Folder, raw, status,
};

const NOBODY: u32 = 65534;

/// Runs a shell as another user. Only root can: `None` otherwise, with a line that libtest does not capture.
fn nobody(script: &str) -> Option<Child> {
    if !geteuid().is_root() {
        let said = "SKIPPED: checks of other users' connections need root\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return None;
    }
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut command = Command::new("setpriv");
    command.args(user).args(["bash", "-c", script]);
    command.current_dir("/").stdout(Stdio::piped());
    Some(command.spawn().expect("setpriv (util-linux)"))
}

/// Returns both ways to ask, if this kernel has both.
fn ways() -> Vec<Peers> {
    let (best, us) = Peers::find().unwrap().expect("Linux finds users");
    assert_eq!(us, geteuid().as_raw());
    let mut ways = vec![best, Peers::Proc];
    ways.dedup();
    ways
}

/// Accepts a connection and returns its ends, seen from the client.
fn accept(listener: &TcpListener) -> (TcpStream, Ends) {
    let (stream, peer) = listener.accept().unwrap();
    let ends = Ends {
        local: peer,
        remote: stream.local_addr().unwrap(),
    };
    (stream, ends)
}

#[tokio::test]
async fn finds_the_user_of_a_connection() {
    let us = Some(geteuid().as_raw());
    for way in ways() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let here = listener.local_addr().unwrap();
        let client = TcpStream::connect(here).unwrap();
        let (_server, ends) = accept(&listener);
        assert_eq!(way.owner(ends).await.unwrap(), us, "{way:?}");
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(way.owner(ends).await.unwrap(), us, "{way:?}: half closed");
        drop(client);
        assert_eq!(way.owner(ends).await.unwrap(), None, "{way:?}: closed");

        let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), here.port()));
        let _client = TcpStream::connect(mapped).unwrap();
        let (_server, ends) = accept(&listener);
        assert_eq!(way.owner(ends).await.unwrap(), us, "{way:?}: by IPv6");

        // Each part of the four-tuple counts. The last one is a listener.
        let other = |end: SocketAddr| SocketAddr::from((end.ip(), end.port() ^ 1));
        let (local, remote) = (ends.local, ends.remote);
        for wrong in [
            Ends {
                local: other(local),
                remote,
            },
            Ends {
                local,
                remote: other(remote),
            },
            Ends {
                local: (Ipv4Addr::new(127, 0, 0, 2), local.port()).into(),
                remote,
            },
            Ends {
                local,
                remote: (Ipv4Addr::new(127, 0, 0, 2), remote.port()).into(),
            },
            Ends {
                local: here,
                remote: other(remote),
            },
        ] {
            assert_eq!(way.owner(wrong).await.unwrap(), None, "{way:?} {wrong:?}");
        }
        let six = Ends {
            local: (Ipv6Addr::LOCALHOST, local.port()).into(),
            remote: (Ipv6Addr::LOCALHOST, remote.port()).into(),
        };
        assert!(!matches!(way.owner(six).await, Ok(Some(_))), "{way:?}");
    }
}

#[tokio::test]
async fn admits_owner_and_root_only() {
    for way in ways() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let us = geteuid().as_raw();
        for owner in [us, us + 1] {
            let _client = TcpStream::connect(here).unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let wanted = if owner == us || us == 0 {
                Ok(())
            } else {
                Err(Refused(Some(us)))
            };
            let said = Guard::new(owner, way).admit(&server).await;
            assert_eq!(said, wanted, "{way:?} owner {owner}");
        }
        for address in ["127.0.0.1", "::ffff:127.0.0.1"] {
            for (owner, wanted) in [
                (NOBODY, Ok(())),
                (0, Err(Refused(Some(NOBODY)))),
                (1000, Err(Refused(Some(NOBODY)))),
            ] {
                let script = format!(
                    "exec 3<>/dev/tcp/{address}/{}; timeout 60 cat <&3",
                    here.port()
                );
                let Some(mut client) = nobody(&script) else {
                    return;
                };
                let (server, _) = listener.accept().await.unwrap();
                let said = Guard::new(owner, way).admit(&server).await;
                assert_eq!(said, wanted, "{way:?} {address} owner {owner}");
                drop(server);
                client.wait().unwrap();
            }
        }
    }
}

#[tokio::test]
async fn refuses_closed_connections() {
    for way in ways() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"DELETE / HTTP/1.1\r\n\r\n").unwrap();
        drop(client);
        let (server, _) = listener.accept().await.unwrap();
        let us = geteuid().as_raw();
        let said = Guard::new(us, way).admit(&server).await;
        assert_eq!(said, Err(Refused(None)), "{way:?}");
    }
}

#[tokio::test]
async fn answers_other_users_once() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let request = "GET /_local/health.json HTTP/1.1\r\nHost: localhost\r\n";
    let own = raw(&twin, &format!("{request}Connection: close\r\n\r\n")).await;
    assert_eq!(status(&own), "200", "{own}");
    let port = |origin: &str| origin.rsplit(':').next().unwrap().to_owned();
    let (port, inbox) = (port(twin.endpoint()), port(twin.inbox()));
    for (address, port) in [
        ("127.0.0.1", &port),
        ("::ffff:127.0.0.1", &port),
        ("127.0.0.1", &inbox),
        ("::ffff:127.0.0.1", &inbox),
    ] {
        // Two requests at once, and a third after the first line of the answer.
        let request = request.replace("\r\n", "\\r\\n") + "\\r\\n";
        let script = format!(
            "exec 3<>/dev/tcp/{address}/{port}; printf '{request}{request}' >&3; \
             read -r first <&3; echo \"$first\"; printf '{request}' >&3; timeout 60 cat <&3"
        );
        let Some(client) = nobody(&script) else {
            return;
        };
        let said = tokio::task::spawn_blocking(|| client.wait_with_output().unwrap());
        let said = String::from_utf8(said.await.unwrap().stdout).unwrap();
        assert_eq!(status(&said), "403", "{said}");
        for words in [
            "this connection is of user 65534",
            "`labctl local start --port 0`",
            "`ssh -L`",
            "VS Code",
            "WSL",
            "labctl local start --any-user",
            "run code as the owner",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{said}");
        assert!(!said.contains("localaws\""), "{said}");
    }
    let log = std::fs::read_to_string(folder.0.join("twin.log")).unwrap();
    assert!(log.contains("refused a connection of user 65534"), "{log}");
}
