//! A link as a QR code, in half blocks: two rows of it in a line.

use fast_qr::qr::{QRBuilder, QRCodeError};
use fast_qr::{ECL, QRCode};

use crate::failure::Failure;
use crate::output;

/// The lines of a code. Light is drawn and dark is left out, as on a dark terminal; cameras take it on a light one, too.
pub(super) fn lines(link: &str) -> Result<Vec<String>, Failure> {
    let code = QRBuilder::new(link).ecl(ECL::L).build();
    let code = code.map_err(|_: QRCodeError| Failure::failed("the link is too long for a QR code"))?;
    let width = code.size + 2 * MARGIN;
    match output::terminal_width() {
        Some(columns) if columns < width => Err(Failure::failed(format!(
            "the QR code takes {width} columns, and the terminal has {columns}: make it wider, or take --qr away"
        ))),
        Some(_) | None => Ok(drawn(&code)),
    }
}

fn drawn(code: &QRCode) -> Vec<String> {
    let width = code.size + 2 * MARGIN;
    let is_light = |row: usize, column: usize| {
        let within = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.size);
        match (within(row), within(column)) {
            (Some(row), Some(column)) => !code[row][column].value(),
            _ => true,
        }
    };
    let line = |top: usize| {
        let half = |column| match (is_light(top, column), top + 1 < width && is_light(top + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..width).map(half).collect()
    };
    (0..width).step_by(2).map(line).collect()
}

/// Light modules around the code (ISO/IEC 18004 asks for four).
const MARGIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_is_the_code_within_its_margin() {
        let code = QRBuilder::new("chatter://a.example:8000/#chatter1").ecl(ECL::L).build().unwrap();
        let lines = drawn(&code);
        let width = code.size + 2 * MARGIN;
        assert_eq!(lines.len(), width.div_ceil(2));
        let lit = |row: usize, column: usize| {
            let cell = lines[row / 2].chars().nth(column).unwrap();
            if row.is_multiple_of(2) { "█▀".contains(cell) } else { "█▄".contains(cell) }
        };
        for row in 0..code.size {
            for column in 0..code.size {
                assert_eq!(lit(row + MARGIN, column + MARGIN), !code[row][column].value(), "{row} {column}");
            }
        }
        // The margin, and the finder's ring in each of three corners.
        assert!((0..width).all(|column| lit(0, column) && lit(width - MARGIN, column)));
        for (row, column) in [(0, 0), (0, code.size - 7), (code.size - 7, 0)] {
            assert!((0..7).all(|at| !lit(row + MARGIN, column + MARGIN + at)));
        }
    }

    #[test]
    fn what_is_too_long_is_told() {
        assert_eq!(lines(&"x".repeat(3000)).unwrap_err().exit_code(), 1);
    }
}
