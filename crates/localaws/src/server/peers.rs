//! Finds the user at the other end of a connection. Linux keeps the uid of every socket, and any process may read it.

use std::{
    fs,
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
};

use rustix::{
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect,
        netlink::{SOCK_DIAG, SocketAddrNetlink},
        recv, send, socket_with,
    },
    process::geteuid,
};

/// The two ends of a connection, seen from the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
}

/// How to ask the kernel for the user of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peers {
    /// Asks for one socket by its four-tuple (`NETLINK_SOCK_DIAG`, see `sock_diag(7)`). Takes microseconds.
    Diag,
    /// Reads the table of all sockets (`/proc/net/tcp`, see `proc_net(5)`), for kernels without `tcp_diag`. Takes
    /// milliseconds even with few sockets, since the kernel walks its whole hash table.
    Proc,
}

impl Peers {
    /// Finds the way that works here, by trying each on a connection of our own, and returns it with our uid. `None`:
    /// this system has neither.
    ///
    /// # Errors
    /// The system has one, but it does not find our connection.
    pub(super) fn find() -> io::Result<Option<(Self, u32)>> {
        let us = geteuid().as_raw();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let ends = Ends {
            local: client.local_addr()?,
            remote: client.peer_addr()?,
        };
        if matches!(Self::Diag.look(ends), Ok(Some(uid)) if uid == us) {
            return Ok(Some((Self::Diag, us)));
        }
        match Self::Proc.look(ends) {
            Ok(Some(uid)) if uid == us => Ok(Some((Self::Proc, us))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            other => Err(io::Error::other(format!(
                "cannot find the user of a connection ({other:?}): `labctl local start --any-user` serves every user instead"
            ))),
        }
    }

    /// Returns the user of the socket with these ends. `None`: there is no such socket, because the client closed it or
    /// is in another network namespace.
    pub(super) async fn owner(self, ends: Ends) -> io::Result<Option<u32>> {
        match (self, ends.local) {
            (Self::Diag, SocketAddr::V4(_)) => self.look(ends),
            // The kernel is asked for IPv4 sockets only.
            _ => tokio::task::spawn_blocking(move || Self::Proc.look(ends)).await?,
        }
    }

    fn look(self, ends: Ends) -> io::Result<Option<u32>> {
        match self {
            Self::Diag => Ok(parse_diag(&ask_diag(ends)?, ends)),
            Self::Proc => {
                // The kernel returns the table in pieces. When rows go away in between, it can skip others.
                for _ in 0..2 {
                    for name in ["/proc/net/tcp", "/proc/net/tcp6"] {
                        match fs::read_to_string(name) {
                            Ok(table) => {
                                if let Some(uid) = parse_table(&table, ends) {
                                    return Ok(Some(uid));
                                }
                            }
                            // A machine without IPv6.
                            Err(e) if e.kind() == ErrorKind::NotFound && name.ends_with('6') => {}
                            Err(e) => return Err(e),
                        }
                    }
                }
                Ok(None)
            }
        }
    }
}

/// Length of `struct nlmsghdr`, at the start of every message.
const HEADER: usize = 16;
/// `SOCK_DIAG_BY_FAMILY`: the type of request and answer.
const BY_FAMILY: u16 = 20;

/// Asks for one socket. An IPv6 socket with IPv4-mapped addresses is found by its IPv4 addresses.
fn ask_diag(ends: Ends) -> io::Result<Vec<u8>> {
    const REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const TCP: u8 = 6;
    let (SocketAddr::V4(local), SocketAddr::V4(remote)) = (ends.local, ends.remote) else {
        return Err(ErrorKind::Unsupported.into());
    };
    // `struct inet_diag_req_v2`: family and protocol, all states, ports, addresses, any interface, no cookie.
    let mut body = vec![AF_INET, TCP, 0, 0];
    body.extend([0xff; 4]);
    body.extend(local.port().to_be_bytes());
    body.extend(remote.port().to_be_bytes());
    for address in [local.ip(), remote.ip()] {
        body.extend(address.octets());
        body.extend([0; 12]);
    }
    body.extend([0; 4]);
    body.extend([0xff; 8]);
    let length = u32::try_from(HEADER + body.len()).map_err(io::Error::other)?;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);

    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(SOCK_DIAG),
    )?;
    // Port 0 is the kernel: only its answers are received.
    connect(&socket, &SocketAddrNetlink::new(0, 0))?;
    send(&socket, &message, SendFlags::empty())?;
    // The kernel has answered when `send` returns.
    let mut answer = vec![0; 1024];
    let (length, _) = recv(&socket, answer.as_mut_slice(), RecvFlags::DONTWAIT)?;
    answer.truncate(length);
    Ok(answer)
}

/// Returns the user in a `struct inet_diag_msg` about exactly these ends. Without such a socket, the kernel answers
/// with the listener on the port.
fn parse_diag(answer: &[u8], ends: Ends) -> Option<u32> {
    const AF_INET6: u8 = 10;
    let bytes = |at: usize| answer.get(at..at + 4)?.try_into().ok();
    let number = |at: usize| bytes(at).map(u32::from_ne_bytes);
    let port = |at: usize| Some(u16::from_be_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    let family = *answer.get(HEADER)?;
    let address = |at: usize| {
        Some(if family == AF_INET6 {
            let octets: [u8; 16] = answer.get(at..at + 16)?.try_into().ok()?;
            Ipv6Addr::from(octets).to_canonical()
        } else {
            IpAddr::V4(Ipv4Addr::from(bytes(at)?))
        })
    };
    if answer.get(4..6)? != BY_FAMILY.to_ne_bytes() {
        return None;
    }
    let seen = Ends {
        local: (address(HEADER + 8)?, port(HEADER + 4)?).into(),
        remote: (address(HEADER + 24)?, port(HEADER + 6)?).into(),
    };
    let (uid, inode) = (number(HEADER + 64)?, number(HEADER + 68)?);
    open_by(seen, ends, uid, inode)
}

/// Returns the user in the table's row with exactly these ends.
fn parse_table(table: &str, ends: Ends) -> Option<u32> {
    table.lines().skip(1).find_map(|row| {
        let mut columns = row.split_ascii_whitespace().skip(1);
        let seen = Ends {
            local: parse_address(columns.next()?)?,
            remote: parse_address(columns.next()?)?,
        };
        let mut columns = columns.skip(4);
        let uid = columns.next()?.parse().ok()?;
        open_by(seen, ends, uid, columns.nth(1)?.parse().ok()?)
    })
}

/// Parses `0100007F:9CE6`: words of four bytes in this machine's byte order, and the port.
fn parse_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut octets = Vec::new();
    for at in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        octets.extend(word.to_ne_bytes());
    }
    let address = match <[u8; 4]>::try_from(octets.as_slice()) {
        Ok(four) => IpAddr::V4(four.into()),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).to_canonical(),
    };
    Some((address, port).into())
}

/// Returns `uid` if this is the wanted socket and still open. A closed one has no inode, and uid 0 on many kernels.
fn open_by(seen: Ends, wanted: Ends, uid: u32, inode: u32) -> Option<u32> {
    (seen == wanted && inode != 0).then_some(uid)
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    /// A connection of 127.0.0.1:40166 to 127.0.0.1:39853.
    fn ends() -> Ends {
        Ends {
            local: (Ipv4Addr::LOCALHOST, 0x9CE6).into(),
            remote: (Ipv4Addr::LOCALHOST, 0x9BAD).into(),
        }
    }

    #[test]
    fn matches_table_rows_exactly() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        let row = |local: &str, remote: &str, uid: &str, inode: &str| {
            format!(
                "   0: {local} {remote} 01 00000000:00000000 00:00000000 00000000 {uid:>5}        0 {inode} 1 0 20 4 30 10 -1\n"
            )
        };
        let (client, server) = ("0100007F:9CE6", "0100007F:9BAD");
        let mapped = |end: &str| format!("0000000000000000FFFF0000{end}");
        for (table, wanted) in [
            (row(client, server, "1000", "77"), Some(1000)),
            (row(client, server, "0", "77"), Some(0)),
            (row(&mapped(client), &mapped(server), "7", "77"), Some(7)),
            // The other end, another client, another server.
            (row(server, client, "1000", "77"), None),
            (row("0100007F:9CE7", server, "1000", "77"), None),
            (row("0200007F:9CE6", server, "1000", "77"), None),
            (row(client, "0100007F:9BAE", "1000", "77"), None),
            (row(client, "00000000:0000", "1000", "77"), None),
            // `::1`, and an IPv4 address in IPv6 that is not mapped.
            (
                row(
                    "00000000000000000000000001000000:9CE6",
                    "00000000000000000000000001000000:9BAD",
                    "1000",
                    "77",
                ),
                None,
            ),
            (
                row(
                    &format!("{:024}{client}", 0),
                    &format!("{:024}{server}", 0),
                    "1000",
                    "77",
                ),
                None,
            ),
            // Closed.
            (row(client, server, "1000", "0"), None),
            (row(client, server, "0", "0"), None),
            // Not a table.
            (row("0100007F9CE6", server, "1000", "77"), None),
            (row("0100007:9CE6", server, "1000", "77"), None),
            (row(client, server, "-1", "77"), None),
            ("\n   0:\n".to_owned(), None),
            (String::new(), None),
        ] {
            let other = row("0100007F:0001", "0100007F:0002", "5", "5");
            for table in [
                format!("{head}{table}"),
                format!("{head}{other}{table}"),
                format!("{head}{table}{other}"),
            ] {
                assert_eq!(parse_table(&table, ends()), wanted, "{table}");
            }
        }
        let closed = row(client, server, "0", "0") + &row(client, server, "9", "77");
        assert_eq!(parse_table(&format!("{head}{closed}"), ends()), Some(9));
    }

    #[test]
    fn matches_netlink_answers_exactly() {
        let answer = |port: u16, uid: u32, inode: u32| {
            let mut bytes = vec![0; HEADER + 72];
            let mut put = |at: usize, value: &[u8]| {
                bytes[at..at + value.len()].copy_from_slice(value);
            };
            put(4, &BY_FAMILY.to_ne_bytes());
            put(HEADER, &[2, 1]);
            put(HEADER + 4, &port.to_be_bytes());
            put(HEADER + 6, &0x9BAD_u16.to_be_bytes());
            put(HEADER + 8, &[127, 0, 0, 1]);
            put(HEADER + 24, &[127, 0, 0, 1]);
            put(HEADER + 64, &uid.to_ne_bytes());
            put(HEADER + 68, &inode.to_ne_bytes());
            bytes
        };
        let whole = answer(0x9CE6, 1000, 77);
        assert_eq!(parse_diag(&whole, ends()), Some(1000));
        assert_eq!(parse_diag(&answer(0x9CE7, 1000, 77), ends()), None);
        assert_eq!(parse_diag(&answer(0x9CE6, 0, 0), ends()), None);
        for length in 0..whole.len() {
            assert_eq!(parse_diag(&whole[..length], ends()), None, "{length}");
        }
        let mut failed = whole;
        failed[4] = 2;
        assert_eq!(parse_diag(&failed, ends()), None);
    }
}
