//! How well pairs of records were told apart, where it is known which pairs are of one person: precision, recall and their harmonic mean
//! (F1), for what is merged, for what is merged or looked at, and for every threshold of the sum.

use super::resolve::Resolution;

/// One pair.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Whether the two are one person.
    pub is_same: bool,
    /// What was said about them.
    pub resolution: Resolution,
    /// The sum of the weights, in hundredths of a bit.
    pub score: i32,
}

/// How well some pairs were picked out as those of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Picked, and of one person.
    pub right: u64,
    /// Picked, and of two people.
    pub wrong: u64,
    /// Of one person, and not picked.
    pub missed: u64,
}

impl Figures {
    /// Counts the pairs that are picked.
    pub fn of(pairs: &[Pair], is_picked: impl Fn(&Pair) -> bool) -> Self {
        let mut figures = Self::default();
        for pair in pairs {
            match (is_picked(pair), pair.is_same) {
                (true, true) => figures.right += 1,
                (true, false) => figures.wrong += 1,
                (false, true) => figures.missed += 1,
                (false, false) => {}
            }
        }
        figures
    }

    /// Gives the share of what was picked that is right; 1 where nothing was.
    pub fn precision(self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    /// Gives the share of what is right that was picked; 1 where there is nothing.
    pub fn recall(self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    /// Gives the harmonic mean of both.
    pub fn f1(self) -> f64 {
        share(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no file has so many pairs that it would show"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// Gives the figures of every threshold at which they change, lowest first: whoever reaches it is picked. Thresholds lie `step` hundredths
/// of a bit apart.
pub fn curve(pairs: &[Pair], step: i32) -> Vec<(i32, Figures)> {
    let scores = || pairs.iter().map(|pair| pair.score);
    let (Some(least), Some(most)) = (scores().min(), scores().max()) else {
        return Vec::new();
    };
    let steps = least.div_euclid(step)..=most.div_euclid(step);
    let thresholds = steps.map(|at| at * step);
    let mut curve: Vec<(i32, Figures)> = thresholds
        .map(|at| (at, Figures::of(pairs, |pair| pair.score >= at)))
        .collect();
    curve.dedup_by_key(|(_, figures)| *figures);
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(is_same: bool, score: i32) -> Pair {
        let resolution = match score {
            4_000.. => Resolution::Same,
            2_800.. => Resolution::Doubtful,
            _ => Resolution::Different,
        };
        Pair {
            is_same,
            resolution,
            score,
        }
    }

    #[test]
    fn what_is_picked_is_counted() {
        let pairs = [
            pair(true, 5_000),
            pair(true, 3_000),
            pair(false, 4_100),
            pair(true, 100),
            pair(false, -900),
        ];
        let merged = Figures::of(&pairs, |pair| pair.resolution == Resolution::Same);
        assert_eq!(
            merged,
            Figures {
                right: 1,
                wrong: 1,
                missed: 2
            }
        );
        assert!((merged.precision() - 0.5).abs() < 1e-9);
        assert!((merged.recall() - 1.0 / 3.0).abs() < 1e-9);
        assert!((merged.f1() - 0.4).abs() < 1e-9);
        let curve = curve(&pairs, 1_000);
        let thresholds: Vec<i32> = curve.iter().map(|(at, _)| *at).collect();
        assert_eq!(thresholds, [-1_000, 0, 1_000, 4_000, 5_000]);
        let all = curve[0].1;
        assert_eq!((all.right, all.wrong, all.missed), (3, 2, 0));
        assert_eq!(curve[4].1.right, 1);
    }

    #[test]
    fn of_nothing_nothing_is_wrong() {
        assert!(curve(&[], 100).is_empty());
        let nothing = Figures::of(&[], |_| true);
        assert!(nothing.precision() >= 1.0 && nothing.recall() >= 1.0 && nothing.f1() >= 1.0);
    }
}
