//! Values that must not be shown.

use std::fmt;

use zeroize::Zeroize;

/// A value that is wiped when dropped and that no formatter shows.
///
/// It has no `Display`, `Serialize` or `PartialEq` on purpose: whoever needs the value says [`Secret::expose`],
/// and that word is what a review looks for.
#[derive(Clone, Default)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value to whoever has a reason to see it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        let secret: Secret<String> = "canary".into();
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)).find("canary"),
            None
        );
        assert_eq!(secret.expose(), "canary");
    }
}
