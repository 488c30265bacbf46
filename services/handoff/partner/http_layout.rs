//! How a partner's REST API is called, as an operator describes it in TOML: where it is, what is asked in which words, and what its answers mean.

mod check;
mod model;
mod path;

pub use model::{Answers, Authorization, Call, HttpLayout, LITERAL, Method, Oauth2, Told};
pub use path::{Part, parts};

/// The longest layout, in bytes.
const LONGEST: usize = 32 * 1_024;

/// Reads a layout and checks it; the error says what is wrong, and where.
pub fn parse(text: &str) -> Result<HttpLayout, String> {
    if text.len() > LONGEST {
        return Err("is longer than 32 KiB".to_owned());
    }
    let layout: HttpLayout = toml::from_str(text).map_err(|error| error.to_string())?;
    check::check(&layout)?;
    Ok(layout)
}

#[cfg(test)]
mod tests;
