//! 100,000 random histories: nothing is orphaned, made twice or taken from a stranger, and every history ends well.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use super::{
    Seed,
    history::{Between, Event, Lab, Manner},
    lab::Variant,
    with_seed,
    world::Fate,
};

/// Histories of one test; there are as many tests as the sum needs.
const EACH: u32 = 25_000;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Crash),
        3 => Just(Fate::CrashAfter),
        2 => (1_u8..9).prop_map(Fate::CrashLate),
        2 => Just(Fate::Dropped),
        2 => Just(Fate::Unanswered),
        2 => (1_u8..9).prop_map(Fate::Late),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Interrupt),
    ]
}

fn fates() -> impl Strategy<Value = Vec<(usize, Fate)>> {
    vec((1_usize..40, fate()), 0..3)
}

fn variant() -> impl Strategy<Value = Variant> {
    // Most plans have most parts, as they were before.
    let few = || prop_oneof![3 => Just(0_u8), 1 => any::<u8>()];
    (few(), few(), few()).prop_map(|(without, renamed, changed)| Variant {
        without,
        renamed,
        changed,
    })
}

fn parallel() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1_usize), Just(4)]
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        (0_usize..8).prop_map(Between::Edited),
        (0_usize..8).prop_map(Between::Deleted),
        Just(Between::Returned),
    ]
}

fn manner() -> impl Strategy<Value = Manner> {
    let meanwhile = prop_oneof![3 => Just(Vec::new()), 2 => vec(between(), 1..3)];
    (parallel(), any::<[bool; 3]>(), meanwhile).prop_map(
        |(parallel, [adopt, told, asked], between)| Manner {
            parallel,
            adopt,
            told,
            asked,
            between,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (variant(), fates(), manner())
            .prop_map(|(variant, fates, manner)| Event::Up { variant, fates, manner }),
        3 => (fates(), parallel()).prop_map(|(fates, parallel)| Event::Down { fates, parallel }),
        2 => (0_usize..8, any::<bool>(), any::<bool>()).prop_map(
            |(place, renamed, of_a_lab)| Event::Stranger { place, renamed, of_a_lab }
        ),
        1 => (0_usize..8).prop_map(Event::Edited),
        1 => (0_usize..8).prop_map(Event::Deleted),
        1 => Just(Event::StateLost),
        1 => (0_usize..4, any::<bool>())
            .prop_map(|(which, of_a_lab)| Event::Misled { which, of_a_lab }),
    ]
}

/// Tries `cases` histories, always the same ones for a `seed`. The smallest that goes wrong is the error.
fn try_histories(seed: u8, cases: u32) -> Result<(), String> {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tried = runner.run(&(vec(event(), 1..6), variant()), |(events, last)| {
        let mut lab = Lab::new();
        for event in &events {
            lab.live(event).map_err(TestCaseError::fail)?;
        }
        lab.end(last).map_err(TestCaseError::fail)
    });
    tried.map_err(|error| match error {
        TestError::Fail(why, history) => format!("{why}\n{history:?}"),
        TestError::Abort(why) => why.to_string(),
    })
}

#[test]
fn histories_end_well_1() {
    try_histories(1, EACH).expect("a history");
}

#[test]
fn histories_end_well_2() {
    try_histories(2, EACH).expect("a history");
}

#[test]
fn histories_end_well_3() {
    try_histories(3, EACH).expect("a history");
}

#[test]
fn histories_end_well_4() {
    try_histories(4, EACH).expect("a history");
}

/// What people have in use is not deleted behind their backs, whether another one takes its place or not.
#[test]
fn unannounced_losses_stay() {
    let up = |variant| Event::Up {
        variant,
        fates: Vec::new(),
        manner: Manner::calm(),
    };
    let all = |bits| Variant {
        renamed: bits,
        ..Variant::default()
    };
    let none = Variant {
        without: u8::MAX,
        ..Variant::default()
    };
    for variant in [all(u8::MAX), none] {
        let mut lab = Lab::new();
        lab.live(&up(Variant::default())).expect("a lab");
        lab.silent = true;
        let why = lab.live(&up(variant)).expect_err("a loss");
        assert!(why.contains("did not announce"), "{why}");
        lab.silent = false;
        lab.live(&up(variant)).expect("announced, it goes");
    }
}

#[test]
fn up_looks_at_each_twice_at_most_before_its_first_change() {
    let calm = |variant| Event::Up {
        variant,
        fates: Vec::new(),
        manner: Manner::calm(),
    };
    let mut lab = Lab::new();
    lab.live(&calm(Variant::default())).expect("a lab");
    let all = lab.reads_before(Variant::default());
    for which in 0..8 {
        let mut lab = Lab::new();
        lab.live(&calm(Variant::default())).expect("a lab");
        lab.live(&Event::Deleted(which)).expect("others may");
        // What uses the deleted one is compared once more, with what stands for the next one.
        let reads = lab.reads_before(Variant::default());
        assert!((all..2 * all).contains(&reads), "{which}: {reads}");
    }
}

/// The histories would notice.
#[test]
fn seeded_mistakes_are_found() {
    for seed in [
        Seed::LostWrite,
        Seed::DoubleCreate,
        Seed::ClaimedStranger,
        Seed::TrustedId,
        Seed::OpenRoute,
        Seed::SilentLoss,
    ] {
        let found = with_seed(seed, || try_histories(1, EACH));
        found.expect_err(&format!("nothing shows {seed:?}"));
    }
}
