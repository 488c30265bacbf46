//! Welch's t of two samples of latencies: how far their means lie apart, measured by how well they are known (B. L. Welch, "The
//! generalization of Student's problem when several different population variances are involved", Biometrika 1947).
//!
//! A distance of 4.5 is what leakage tests take for a difference that is there: chance alone reaches it once in 100,000 pairs of samples
//! (Goodwill and others, "A testing methodology for side-channel resistance validation", NIST 2011).

/// Count, mean and variance of a sample, kept while it grows (Welford, Technometrics 1962).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// How many values.
    pub count: u32,
    /// Their mean.
    pub mean: f64,
    squares: f64,
}

impl Sample {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / f64::from(self.count);
        self.squares += before * (value - self.mean);
    }

    /// Gives the variance of the mean.
    fn of_mean(&self) -> f64 {
        let count = f64::from(self.count);
        self.squares / (count - 1.0).max(1.0) / count.max(1.0)
    }
}

/// Gives |t|; zero where both means are exactly known and the same.
pub fn distance(a: &Sample, b: &Sample) -> f64 {
    let apart = (a.mean - b.mean).abs();
    let known = (a.of_mean() + b.of_mean()).sqrt();
    if apart == 0.0 { 0.0 } else { apart / known }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Sample {
        let mut sample = Sample::default();
        for value in values {
            sample.add(*value);
        }
        sample
    }

    #[test]
    fn the_distance_is_that_of_the_paper() {
        let a = sample(&[27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6]);
        let b = sample(&[27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2]);
        // Means 20.75 and 23.3, sums of squares 98.985 and 42.24; t = 2.55 / sqrt((98.985 + 42.24) / 90).
        assert!((distance(&a, &b) - 2.035_66).abs() < 1e-4);
        assert!((distance(&a, &b) - distance(&b, &a)).abs() < 1e-12);
    }

    #[test]
    fn equal_samples_have_no_distance() {
        let a = sample(&[1.0, 2.0, 3.0]);
        assert!(distance(&a, &a).abs() < 1e-12);
        assert!(distance(&Sample::default(), &Sample::default()).abs() < 1e-12);
    }
}
