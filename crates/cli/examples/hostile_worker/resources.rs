//! More than its share: processes, code, memory, descriptors, disk.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::attempts::Target;
use crate::raw::{self, Got, bits, call, number};

const MIB: usize = 1 << 20;
const AT_EXECVE_CHECK: usize = 0x10000;

pub(crate) fn fork(_: &Target) -> Got<String> {
    for made in 0..100 {
        raw::fork().map_err(|error| if made == 0 { error } else { 0 })?;
    }
    Ok("a hundred".to_owned())
}

pub(crate) fn thread(_: &Target) -> Got<String> {
    let thread = std::thread::Builder::new().stack_size(64 * 1024).spawn(|| {});
    let thread = thread.map_err(|error| number(&error))?;
    thread.join().map(|()| "a thread".to_owned()).map_err(|_| 0)
}

/// Whether the kernel would run it: being another program would end the test.
pub(crate) fn exec(_: &Target) -> Got<String> {
    let words = [
        bits(libc::AT_FDCWD),
        c"/bin/sh".as_ptr().expose_provenance(),
        [0_usize].as_ptr().expose_provenance(),
        [0_usize].as_ptr().expose_provenance(),
        AT_EXECVE_CHECK,
    ];
    call(libc::SYS_execveat, &words).map(|_| "it would run".to_owned())
}

pub(crate) fn exec_itself(_: &Target) -> Got<String> {
    let none = [0_usize];
    let nothing = none.as_ptr().expose_provenance();
    let words = [c"/proc/self/exe".as_ptr().expose_provenance(), nothing, nothing];
    call(libc::SYS_execve, &words).map(|_| "another program".to_owned())
}

const ANONYMOUS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

pub(crate) fn code(_: &Target) -> Got<String> {
    let protection = bits(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    let words = [0, 4096, protection, bits(ANONYMOUS), usize::MAX, 0];
    let start = call(libc::SYS_mmap, &words)?;
    raw::unmap(start, 4096);
    Ok("memory to run".to_owned())
}

pub(crate) fn rewrite(_: &Target) -> Got<String> {
    let page = (rewrite as fn(&Target) -> Got<String>) as usize & !4095;
    let everything = bits(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    call(libc::SYS_mprotect, &[page, 4096, everything])?;
    let as_before = bits(libc::PROT_READ | libc::PROT_EXEC);
    call(libc::SYS_mprotect, &[page, 4096, as_before]).map(|_| "its own code".to_owned())
}

/// Takes until it is refused, and gives everything back.
fn until_refused(step: usize, most: usize, take: impl Fn(usize) -> Got<usize>) -> Got<String> {
    let mut taken = Vec::new();
    let refused = loop {
        if taken.len() * step >= most {
            break None;
        }
        match take(step) {
            Ok(start) => taken.push(start),
            Err(error) => break Some(error),
        }
    };
    for start in &taken {
        raw::unmap(*start, step);
    }
    refused.map_or_else(|| Ok(format!("{} MiB", taken.len() * step / MIB)), Err)
}

pub(crate) fn memory(_: &Target) -> Got<String> {
    until_refused(16 * MIB, 520 * MIB, |length| raw::map_and_fill(length, ANONYMOUS))
}

pub(crate) fn shared_memory(_: &Target) -> Got<String> {
    let flags = bits(libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    let protection = bits(libc::PROT_READ | libc::PROT_WRITE);
    until_refused(64 * MIB, 1088 * MIB, |length| {
        call(libc::SYS_mmap, &[0, length, protection, flags, usize::MAX, 0])
    })
}

pub(crate) fn stack_memory(_: &Target) -> Got<String> {
    let start = raw::map_and_fill(MIB, ANONYMOUS | libc::MAP_GROWSDOWN)?;
    raw::unmap(start, MIB);
    Ok("1 MiB".to_owned())
}

pub(crate) fn locked_memory(_: &Target) -> Got<String> {
    let start = raw::map_and_fill(4096, ANONYMOUS)?;
    let locked = call(libc::SYS_mlock, &[start, 4096]);
    raw::unmap(start, 4096);
    locked.map(|_| "a page".to_owned())
}

pub(crate) fn memory_file(_: &Target) -> Got<String> {
    let fd = call(libc::SYS_memfd_create, &[c"x".as_ptr().expose_provenance(), 0])?;
    let page = vec![1_u8; 4096];
    let wrote = call(libc::SYS_write, &[fd, page.as_ptr().expose_provenance(), page.len()]);
    let _ = call(libc::SYS_close, &[fd]);
    wrote.map(|length| format!("{length} bytes"))
}

pub(crate) fn secret_memory(_: &Target) -> Got<String> {
    call(libc::SYS_memfd_secret, &[0]).map(|fd| format!("descriptor {fd}"))
}

pub(crate) fn descriptors(_: &Target) -> Got<String> {
    let mut open = Vec::new();
    let words = [bits(libc::AF_INET), bits(libc::SOCK_STREAM), 0];
    let refused = loop {
        if open.len() > 300 {
            break None;
        }
        match call(libc::SYS_socket, &words) {
            Ok(fd) => open.push(fd),
            Err(error) => break Some(error),
        }
    };
    for fd in &open {
        let _ = call(libc::SYS_close, &[*fd]);
    }
    refused.map_or_else(|| Ok(format!("{} descriptors", open.len())), Err)
}

pub(crate) fn pipes(_: &Target) -> Got<String> {
    let mut ends = [0_i32; 2];
    call(libc::SYS_pipe2, &[ends.as_mut_ptr().expose_provenance(), 0])?;
    for end in ends {
        let _ = call(libc::SYS_close, &[bits(end)]);
    }
    Ok("a pipe".to_owned())
}

fn file_in(directory: &str, bytes: &[u8]) -> Got<String> {
    let path = format!("{directory}/hostile-{}", std::process::id());
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).open(&path).map_err(|error| number(&error))?;
    let wrote = file.write_all(bytes);
    let _ = fs::remove_file(&path);
    wrote.map(|()| format!("{} bytes in {directory}", bytes.len())).map_err(|e| number(&e))
}

pub(crate) fn file_tmp(_: &Target) -> Got<String> {
    file_in("/tmp", b"")
}

pub(crate) fn file_shm(_: &Target) -> Got<String> {
    file_in("/dev/shm", b"")
}

pub(crate) fn disk(_: &Target) -> Got<String> {
    file_in("/tmp", &[1; 4096])
}

pub(crate) fn link(_: &Target) -> Got<String> {
    let path = format!("/tmp/hostile-link-{}", std::process::id());
    std::os::unix::fs::symlink("/etc/passwd", &path).map_err(|error| number(&error))?;
    let _ = fs::remove_file(&path);
    Ok("a link".to_owned())
}

pub(crate) fn fifo(_: &Target) -> Got<String> {
    let path = format!("/tmp/hostile-fifo-{}\0", std::process::id());
    let words = [bits(libc::AT_FDCWD), path.as_ptr().expose_provenance(), 0o010_600, 0];
    call(libc::SYS_mknodat, &words)?;
    let _ = fs::remove_file(path.trim_end_matches('\0'));
    Ok("a FIFO".to_owned())
}

pub(crate) fn truncate(target: &Target) -> Got<String> {
    let path = format!("{}/gateway.db\0", target.data);
    let words = [path.as_ptr().expose_provenance(), 0];
    call(libc::SYS_truncate, &words).map(|_| "nothing is left".to_owned())
}

pub(crate) fn hard_link(target: &Target) -> Got<String> {
    let name = format!("/tmp/hostile-hard-{}", std::process::id());
    let linked = fs::hard_link(format!("{}/gateway.db", target.data), name);
    linked.map(|()| "the same file".to_owned()).map_err(|error| number(&error))
}
