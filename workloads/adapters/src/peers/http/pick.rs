//! Which replica gets the next call: of two at random the one that has fewer calls under way. That is
//! nearly as even as asking all, and no two callers ever run to the same one.

/// The place of the chosen one; `None` of none. `load` gives a replica's calls under way, `random` any
/// number.
pub(super) fn pick<T>(replicas: &[T], load: impl Fn(&T) -> usize, random: u64) -> Option<usize> {
    let count = u64::try_from(replicas.len()).ok()?;
    if count < 2 {
        return (count == 1).then_some(0);
    }
    let first = random % count;
    // Any but the first.
    let second = (first + 1 + (random / count) % (count - 1)) % count;
    let (first, second) = (usize::try_from(first).ok()?, usize::try_from(second).ok()?);
    let (one, other) = (replicas.get(first)?, replicas.get(second)?);
    Some(if load(other) < load(one) { second } else { first })
}

/// The next of a row of numbers that look random; `seed` counts them.
pub(super) fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_none_to_choose_of_none() {
        assert_eq!(pick(&[0; 0], |load| *load, 7), None);
        assert_eq!(pick(&[99], |load| *load, 7), Some(0));
    }

    #[test]
    fn the_busier_of_two_is_passed_over() {
        for n in 0..1_000 {
            assert_eq!(pick(&[5, 4], |load| *load, random(n)), Some(1));
        }
    }

    #[test]
    fn calls_spread_evenly() {
        let mut loads = vec![0_usize; 5];
        for n in 0..10_000 {
            let chosen = pick(&loads, |load| *load, random(n)).unwrap();
            loads[chosen] += 1;
        }
        assert!(loads.iter().all(|load| (1_990..=2_010).contains(load)), "{loads:?}");
    }

    #[test]
    fn the_busiest_of_many_gets_nothing() {
        let loads = [1, 1, 900, 1];
        let chosen = (0..10_000).map(|n| pick(&loads, |load| *load, random(n)).unwrap());
        let mut counts = [0; 4];
        chosen.for_each(|chosen| counts[chosen] += 1);
        assert_eq!(counts[2], 0);
        assert!(counts[0] > 2_000 && counts[1] > 2_000 && counts[3] > 2_000, "{counts:?}");
    }
}
