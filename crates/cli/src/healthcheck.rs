//! Asks a gateway on this machine whether it is alive. The image has no shell and no curl.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::process;

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// [default: `BIND`, else 127.0.0.1]
    #[arg(long)]
    bind: Option<IpAddr>,
    /// [default: `PORT`, else 8080]
    #[arg(long)]
    port: Option<u16>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let bind = match args.bind {
        Some(bind) => bind,
        None => of_environment("BIND")?.unwrap_or(Ipv4Addr::LOCALHOST.into()),
    };
    let port = match args.port {
        Some(port) => port,
        None => of_environment("PORT")?.unwrap_or(8080),
    };
    let address = local(SocketAddr::new(bind, port));
    let status = ask(address, "/healthz").with_context(|| format!("no answer from {address}"))?;
    ensure!(status.starts_with("HTTP/1.1 200 "), "{address} answers `{}`", status.trim_end());
    Ok(())
}

/// What the gateway itself reads there. Not clap's business: to it an empty value is a wrong
/// one, to the gateway it is none.
fn of_environment<T: FromStr>(name: &str) -> anyhow::Result<Option<T>> {
    read(name, process::set(name))
}

fn read<T: FromStr>(name: &str, text: Option<OsString>) -> anyhow::Result<Option<T>> {
    let text = text.map(|text| text.to_string_lossy().trim().to_owned());
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => anyhow::bail!("{name} cannot be understood"),
    }
}

/// The status line of the answer.
pub(crate) fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    Ok(status)
}

/// Where a gateway that listens on `address` is reached from this machine.
pub(crate) fn local(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(reachable(address.ip()), address.port())
}

/// "Every address" is listened on, and cannot be connected to.
fn reachable(bind: IpAddr) -> IpAddr {
    match bind {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => bind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_none_and_a_wrong_one_is_named() {
        let port = |text: Option<&str>| read::<u16>("PORT", text.map(Into::into));
        assert_eq!(port(None).unwrap(), None);
        assert_eq!(port(Some(" ")).unwrap(), None);
        assert_eq!(port(Some("9000")).unwrap(), Some(9000));
        assert!(port(Some("http")).unwrap_err().to_string().contains("PORT"));
    }
}
