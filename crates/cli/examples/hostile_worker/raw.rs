//! System calls as they are, past everything a library would check first.

use std::io;

/// The error's number where it failed.
pub(crate) type Got<T> = Result<T, i32>;

/// Makes a call with whatever arguments.
#[expect(unsafe_code, reason = "a hostile program does what no library has a safe call for")]
pub(crate) fn call(number: libc::c_long, arguments: &[usize]) -> Got<usize> {
    let at = |index: usize| arguments.get(index).copied().unwrap_or_default();
    // SAFETY: pointers among the arguments are to live buffers of the caller's, or are such
    // that the kernel refuses them.
    let answer = unsafe { libc::syscall(number, at(0), at(1), at(2), at(3), at(4), at(5)) };
    if answer == -1 { Err(last()) } else { Ok(answer.cast_unsigned().try_into().unwrap_or(0)) }
}

/// A second process, which ends at once; a bomb makes many that do not.
#[expect(unsafe_code, reason = "no safe call makes a bare copy of a process")]
pub(crate) fn fork() -> Got<usize> {
    // SAFETY: this process has one thread, and the copy does nothing but end.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(last()),
        0 => std::process::abort(),
        child => {
            let _ = call(libc::SYS_wait4, &[child.cast_unsigned() as usize, 0, 0, 0]);
            Ok(1)
        }
    }
}

/// Takes memory and writes to each page of it.
#[expect(unsafe_code, reason = "what is mapped by hand is written by hand")]
pub(crate) fn map_and_fill(length: usize, flags: i32) -> Got<usize> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let words = [0, length, bits(protection), bits(flags), usize::MAX, 0];
    let start = call(libc::SYS_mmap, &words)?;
    for page in (start..start + length).step_by(4096) {
        // SAFETY: inside the mapping just made, which nothing else knows.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(page).write_volatile(1) };
    }
    Ok(start)
}

pub(crate) fn unmap(start: usize, length: usize) {
    let _ = call(libc::SYS_munmap, &[start, length]);
}

/// A flag word as an argument.
pub(crate) fn bits(flags: i32) -> usize {
    flags.cast_unsigned() as usize
}

/// So that being asked to end, and writing past a limit, changes nothing.
#[expect(unsafe_code, reason = "the library leaves signals alone")]
pub(crate) fn ignore(signals: &[i32]) {
    for signal in signals {
        // SAFETY: no handler is installed, only the kernel's own way of ignoring.
        unsafe { libc::signal(*signal, libc::SIG_IGN) };
    }
}

/// Denies one call to this process and all it becomes, and nothing else.
pub(crate) fn forbid(number: u32) -> Got<usize> {
    let word = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter {
        code: u16::try_from(code).unwrap_or_default(),
        jt,
        jf,
        k,
    };
    let denied = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
    let mut program = [
        // The number is the first word of what a filter sees.
        word(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        word(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, number, 0, 1),
        word(libc::BPF_RET | libc::BPF_K, denied, 0, 0),
        word(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let length = u16::try_from(program.len()).unwrap_or_default();
    let filter = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    call(libc::SYS_prctl, &[bits(libc::PR_SET_NO_NEW_PRIVS), 1, 0, 0, 0])?;
    let address = std::ptr::from_ref(&filter).expose_provenance();
    let mode = libc::SECCOMP_MODE_FILTER as usize;
    call(libc::SYS_prctl, &[bits(libc::PR_SET_SECCOMP), mode, address, 0, 0])
}

fn last() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The number of a library's error.
pub(crate) fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}
