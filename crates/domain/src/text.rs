//! Text that others wrote, on its way to a screen or into a result.

/// Neither a control character nor one that hides, or changes the direction or the width of
/// others: what remains shows what it says.
#[must_use]
pub fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_show_and_disguises_do_not() {
        assert!("Müller 東京 Ђ عرب 🏃 a\u{301}".chars().all(is_harmless));
        for disguise in ['\n', '\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}']
        {
            assert!(!is_harmless(disguise), "{disguise:?}");
        }
    }
}
