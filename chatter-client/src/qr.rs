//! A link for a camera: as a QR code (ISO/IEC 18004) in half blocks, two rows of it in a line, or in pairs of signs.
//!
//! **In** a link, the room that there is. **Out** lines of one width, or nothing where it does not fit. **Never** a code
//! whose margin is cut.

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, QRCode};
use zeroize::Zeroizing;

/// The lines of a code within `columns` and `rows`; none where they don't hold it. Dark modules are drawn: they have to
/// be darker than the ground. With `ascii`, each module is two signs wide.
pub(crate) fn lines(link: &str, columns: usize, rows: usize, ascii: bool) -> Option<Vec<Zeroizing<String>>> {
    let code = QRBuilder::new(link).ecl(ECL::L).build().ok()?;
    let size = code.size + 2 * MARGIN;
    let (width, height) = if ascii { (2 * size, size) } else { (size, size.div_ceil(2)) };
    if width > columns || height > rows {
        return None;
    }
    let is_dark = |row: usize, column: usize| {
        let within = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.size);
        within(row).zip(within(column)).is_some_and(|(row, column)| dark(&code, row, column))
    };
    let ascii_line = |row: usize| {
        (0..size).map(|column| if is_dark(row, column) { "##" } else { "  " }).collect::<String>()
    };
    let blocks_line = |row: usize| {
        let half = |column| match (is_dark(row, column), is_dark(row + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..size).map(half).collect::<String>()
    };
    let drawn: Vec<String> = match ascii {
        true => (0..size).map(ascii_line).collect(),
        false => (0..size).step_by(2).map(blocks_line).collect(),
    };
    Some(drawn.into_iter().map(Zeroizing::new).collect())
}

/// The same for lines on a terminal of its own colours: black on white, whatever those are.
pub(crate) fn on_white(lines: &[Zeroizing<String>]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 32).sum()));
    for line in lines {
        text.push_str(BLACK_ON_WHITE);
        text.push_str(line);
        text.push_str(USUAL);
    }
    text
}

fn dark(code: &QRCode, row: usize, column: usize) -> bool {
    code[row][column].value()
}

/// Light modules around the code: the standard asks for four, cameras do with two on white ground.
const MARGIN: usize = 2;
/// Of the 256 colours those whose look no theme changes.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const USUAL: &str = "\x1b[0m\n";

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "chatter://a.example:8000/tea#chatter1q8n8u3xdyyvavqfmprwwcf.room1vadq36pauxeytp";

    #[test]
    fn both_drawings_are_the_code_within_its_margin() {
        let code = QRBuilder::new(LINK).ecl(ECL::L).build().expect("short enough");
        let size = code.size + 2 * MARGIN;
        let blocks = lines(LINK, size, size.div_ceil(2), false).expect("it fits exactly");
        let signs = lines(LINK, 2 * size, size, true).expect("it fits exactly");
        assert_eq!((blocks.len(), signs.len()), (size.div_ceil(2), size));
        for row in 0..size {
            for column in 0..size {
                let within = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.size);
                let expected =
                    within(row).zip(within(column)).is_some_and(|(row, column)| code[row][column].value());
                let cell = blocks[row / 2].chars().nth(column).expect("as wide");
                let drawn =
                    if row.is_multiple_of(2) { "█▀".contains(cell) } else { "█▄".contains(cell) };
                assert_eq!(drawn, expected, "{row} {column}");
                assert_eq!(&signs[row][2 * column..2 * column + 2] == "##", expected, "{row} {column}");
            }
        }
        assert!(signs.iter().all(|line| line.is_ascii()));
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        let size = lines(LINK, 1000, 1000, true).expect("it fits").len();
        assert_eq!(lines(LINK, size - 1, 1000, false), None);
        assert_eq!(lines(LINK, 1000, size.div_ceil(2) - 1, false), None);
        assert_eq!(lines(LINK, 2 * size - 1, 1000, true), None);
        assert_eq!(lines(&"x".repeat(3000), 10_000, 10_000, false), None);
    }
}
