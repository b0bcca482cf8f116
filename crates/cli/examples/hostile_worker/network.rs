//! Ways out: sockets of every kind.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

use crate::attempts::Target;
use crate::raw::{Got, bits, call, number};

/// A socket, closed when the attempt is over.
#[expect(unsafe_code, reason = "the library has no call for these kinds")]
fn socket(family: i32, kind: i32, protocol: i32) -> Got<OwnedFd> {
    let words = [bits(family), bits(kind | libc::SOCK_CLOEXEC), bits(protocol)];
    let fd = call(libc::SYS_socket, &words)?;
    // SAFETY: the kernel has just made it, for nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap_or(-1)) })
}

fn made(family: i32, kind: i32, protocol: i32) -> Got<String> {
    socket(family, kind, protocol).map(|_| "a socket".to_owned())
}

fn fd(socket: &OwnedFd) -> usize {
    bits(socket.as_raw_fd())
}

/// What the kernel takes for an IPv4 address.
fn words_of(port: u16) -> [u8; 16] {
    const FAMILY: libc::sa_family_t = 2;
    let mut bytes = [0_u8; 16];
    bytes[..2].copy_from_slice(&FAMILY.to_ne_bytes());
    bytes[2..4].copy_from_slice(&port.to_be_bytes());
    bytes[4..8].copy_from_slice(&Ipv4Addr::LOCALHOST.octets());
    bytes
}

fn ask(port: u16) -> Got<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|e| number(&e))?;
    let patience = Some(Duration::from_secs(5));
    let mut answer = [0_u8; 12];
    let said = stream.set_read_timeout(patience).and_then(|()| {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        stream.read(&mut answer)
    });
    Ok(format!("connected, and {said:?}: {}", String::from_utf8_lossy(&answer)))
}

pub(crate) fn gateway_port(target: &Target) -> Got<String> {
    ask(target.gateway_port)
}

pub(crate) fn other_port(target: &Target) -> Got<String> {
    ask(target.other_port)
}

pub(crate) fn metadata(_: &Target) -> Got<String> {
    let place = SocketAddrV4::new(Ipv4Addr::new(169, 254, 169, 254), 80);
    TcpStream::connect(place).map(|_| "connected".to_owned()).map_err(|error| number(&error))
}

pub(crate) fn fast_open(target: &Target) -> Got<String> {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    let (place, words) = (words_of(target.gateway_port), b"GET");
    let words = [
        fd(&socket),
        words.as_ptr().expose_provenance(),
        words.len(),
        bits(libc::MSG_FASTOPEN),
        place.as_ptr().expose_provenance(),
        place.len(),
    ];
    call(libc::SYS_sendto, &words).map(|sent| format!("{sent} bytes on the way"))
}

fn option(socket: &OwnedFd, level: i32, name: i32, value: &[u8]) -> Got<String> {
    let place = value.as_ptr().expose_provenance();
    let words = [fd(socket), bits(level), bits(name), place, value.len()];
    call(libc::SYS_setsockopt, &words).map(|_| "set".to_owned())
}

pub(crate) fn fast_open_connect(_: &Target) -> Got<String> {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    option(&socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, &1_i32.to_ne_bytes())
}

pub(crate) fn kernel_tls(_: &Target) -> Got<String> {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    option(&socket, libc::IPPROTO_TCP, libc::TCP_ULP, b"tls")
}

pub(crate) fn mptcp(_: &Target) -> Got<String> {
    made(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_MPTCP)
}

pub(crate) fn sctp(_: &Target) -> Got<String> {
    made(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_SCTP)
}

pub(crate) fn smc(_: &Target) -> Got<String> {
    const AF_SMC: i32 = 43;
    made(AF_SMC, libc::SOCK_STREAM, 0)
}

pub(crate) fn udp(_: &Target) -> Got<String> {
    made(libc::AF_INET, libc::SOCK_DGRAM, 0)
}

pub(crate) fn icmp(_: &Target) -> Got<String> {
    made(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP)
}

pub(crate) fn packet(_: &Target) -> Got<String> {
    made(libc::AF_PACKET, libc::SOCK_RAW, 0x0300)
}

pub(crate) fn netlink(_: &Target) -> Got<String> {
    made(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)
}

pub(crate) fn vsock(_: &Target) -> Got<String> {
    made(libc::AF_VSOCK, libc::SOCK_STREAM, 0)
}

pub(crate) fn alg(_: &Target) -> Got<String> {
    made(libc::AF_ALG, libc::SOCK_SEQPACKET, 0)
}

pub(crate) fn unix_pair(_: &Target) -> Got<String> {
    UnixStream::pair().map(|_| "a pair".to_owned()).map_err(|error| number(&error))
}

pub(crate) fn console(target: &Target) -> Got<String> {
    let path = format!("{}/gateway.sock", target.data);
    UnixStream::connect(path).map(|_| "connected".to_owned()).map_err(|error| number(&error))
}

pub(crate) fn abstract_socket(target: &Target) -> Got<String> {
    let place = SocketAddr::from_abstract_name(&target.abstract_socket).map_err(|e| number(&e))?;
    let met = UnixStream::connect_addr(&place);
    met.map(|_| "connected".to_owned()).map_err(|error| number(&error))
}

pub(crate) fn bind(_: &Target) -> Got<String> {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    let place = words_of(0);
    let words = [fd(&socket), place.as_ptr().expose_provenance(), place.len()];
    call(libc::SYS_bind, &words).map(|_| "a port".to_owned())
}

pub(crate) fn listen(_: &Target) -> Got<String> {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    call(libc::SYS_listen, &[fd(&socket), 1]).map(|_| "a port".to_owned())
}

/// An empty message into the control channel, which nobody sees; with a descriptor it would
/// take the same call.
pub(crate) fn send_descriptor(_: &Target) -> Got<String> {
    let message = [0_usize; 7];
    let words = [1, message.as_ptr().expose_provenance(), bits(libc::MSG_DONTWAIT)];
    call(libc::SYS_sendmsg, &words).map(|sent| format!("{sent} bytes"))
}
