//! `labctl down`: removes everything that is ours. It never needs lab.yaml while there is a state.

mod by_hand;
mod dry_run;
mod lost;
mod prove;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    link::{self, Link},
    scene::{self, Known, Site},
};
use crate::{
    aws::{Cx, Fault},
    cli::{self, Global},
    engine::{self, Change, Failure, Interrupt, Lock, Removal, State, StepId, Survey},
    error::{Error, Exit},
    event::{Event, EventSink, StepInfo},
    report::Reporter,
};
use prove::{Begun, Proof, Record};

pub(super) async fn run(global: &Global, args: &cli::Down) -> Result<Exit, Error> {
    let begun = Begun::now();
    let site = Site::of(global);
    let known = scene::known(global, &site)?;
    if args.dry_run {
        return dry_run::dry_run(global, &site, &known).await;
    }
    let lock = known.lock(&site, "down")?;
    let reporter = scene::reporter(global);
    let (state, _) = scene::state_or_aside(&lock, known.lab.as_ref(), reporter.sink())?;
    let run = Run {
        global,
        args,
        site: &site,
        known: &known,
        begun,
        reporter: &reporter,
    };
    let outcome = match state {
        Some(state) => run.remove(lock, state).await,
        None => run.without_state(lock).await,
    };
    reporter.finish();
    outcome
}

/// The parts of one run.
struct Run<'a> {
    global: &'a Global,
    args: &'a cli::Down,
    site: &'a Site,
    known: &'a Known,
    begun: Begun,
    reporter: &'a Reporter,
}

impl Run<'_> {
    async fn remove(&self, lock: Lock, state: State) -> Result<Exit, Error> {
        let link = link::link(self.global, self.site, &state.region, Some(&state)).await?;
        let interrupt = Interrupt::listen();
        let wait = std::time::Duration::from_mins(self.args.edge_wait);
        let cx = link
            .cx(&state, self.events(), &interrupt)
            .with_edge_wait(wait);
        // What is addressed by name is seen to be ours while we ask who we are.
        let who = link.identity(&cx, Some(&state));
        let asked = async { tokio::join!(who, engine::survey(&cx, &state)) };
        let Some((identity, mut survey)) = interrupt.or(asked).await else {
            return Err(scene::interrupted());
        };
        let identity = identity?;
        let journal = Arc::new(lock.journal(state));
        if let Some(lab) = &self.known.lab
            && journal.state().recovered
            && self.recover(lab, &cx, &journal).await? > 0
        {
            survey = engine::survey(&cx, &journal.state()).await;
        }
        let state = journal.state();
        let question = format!(
            "Remove {} resources{} from account {} ({}), {}?",
            state.steps.len(),
            self.by_hand(&link, &cx, &state, &survey).await,
            state.account,
            identity.arn,
            state.region
        );
        scene::confirm(self.global, &link, &interrupt, &question).await?;
        if !self.global.yes && link.local.is_none() {
            // Somebody was asked, and nobody knows for how long.
            let again = interrupt.or(engine::survey(&cx, &state)).await;
            survey = again.ok_or_else(scene::interrupted)?;
        }
        self.events().send(started(&state));
        let before = state;
        let removal =
            engine::down(cx.clone(), Arc::clone(&journal), survey, self.args.parallel).await;
        let left = journal.state();
        let (mut proof, mut forgotten) = (None, 0);
        if self.args.prove && !interrupt.is_set() {
            let mut record = Record::default();
            record.add(&before, &removal);
            proof = Some(self.prove(&cx, &link, &identity, record).await);
        } else {
            self.tell_left(&cx, &link, &before, &removal).await;
            forgotten = self.tell_forgotten(&cx, &link, &before, &removal).await;
        }
        close(journal, &removal, &link, proof.as_ref(), forgotten)?;
        self.finish(removal, &left, &interrupt, proof.transpose()?, forgotten)
    }

    /// What a question says of what was made by hand.
    async fn by_hand(
        &self,
        link: &Link,
        cx: &Cx,
        state: &State,
        survey: &BTreeMap<StepId, Result<Survey, Fault>>,
    ) -> String {
        if self.global.yes || link.local.is_some() {
            return String::new();
        }
        let found = by_hand::by_hand(cx, state, survey);
        let found = cx.interrupt().or(Box::pin(found)).await.unwrap_or_default();
        let words: Vec<String> = found.into_values().collect();
        if words.is_empty() {
            return String::new();
        }
        format!(
            ", and what was made by hand in them ({}),",
            words.join(", ")
        )
    }

    fn events(&self) -> &EventSink {
        self.reporter.sink()
    }

    fn tell_nothing(&self, proof: Option<Proof>) -> Result<Exit, Error> {
        let lab = &self.known.name;
        let ok = proof.as_ref().is_none_or(Proof::holds);
        let summary = match &proof {
            None => format!("{lab}: nothing there."),
            Some(proof) if ok => format!("{lab}: nothing there, {}.", proof.words()),
            Some(proof) => format!("{lab}: not proven to be gone: {}.", proof.words()),
        };
        self.events().send(Event::RunFinished {
            command: "down",
            ok,
            summary,
            seconds: self.begun.seconds(),
            next: proof.as_ref().map(Proof::next).unwrap_or_default(),
        });
        proof.map_or(Ok(Exit::Ok), Proof::exit)
    }

    fn finish(
        &self,
        removal: Removal,
        left: &State,
        interrupt: &Interrupt,
        proof: Option<Proof>,
        forgotten: usize,
    ) -> Result<Exit, Error> {
        let seconds = self.begun.seconds();
        let done = count(&removal);
        let proven = proof.as_ref().is_none_or(Proof::holds);
        let ok = removal.ok();
        let (summary, next) = if !ok {
            let survivors = removal.failed.len() + removal.skipped.len();
            let stopped = if interrupt.is_set() {
                "Interrupted"
            } else {
                "Not complete"
            };
            let next = vec![("labctl down".to_owned(), "go on from here".to_owned())];
            (
                format!("{stopped} after {seconds:.1} s: {done}, {survivors} still there."),
                next,
            )
        } else if let Some(proof) = proof.as_ref().filter(|_| !proven) {
            (
                format!(
                    "Down in {seconds:.1} s: {done}, but not proven: {}.",
                    proof.words()
                ),
                proof.next(),
            )
        } else if forgotten > 0 {
            let next = "look again, after the commands above".to_owned();
            (
                format!(
                    "Down in {seconds:.1} s: {done}, but {forgotten} with this lab's tags still there, which its state \
                     did not have: see above."
                ),
                vec![("labctl down --prove".to_owned(), next)],
            )
        } else {
            let mut next = Vec::new();
            if left.local.is_some() {
                next.push((
                    "labctl local stop".to_owned(),
                    "stop the local AWS twin".to_owned(),
                ));
            }
            let words = proof.as_ref().map(|proof| format!(", {}", proof.words()));
            (
                format!(
                    "Down in {seconds:.1} s: {done}, nothing left{}.{}",
                    words.unwrap_or_default(),
                    not_ours(&removal)
                ),
                next,
            )
        };
        self.events().send(Event::RunFinished {
            command: "down",
            ok: ok && proven && forgotten == 0,
            summary,
            seconds,
            next,
        });
        if ok && forgotten > 0 {
            return Ok(Exit::Survivors);
        }
        if ok {
            return proof.map_or(Ok(Exit::Ok), Proof::exit);
        }
        if interrupt.is_set() {
            return Ok(Exit::Interrupted);
        }
        let Some((id, failure)) = removal
            .failed
            .into_iter()
            .find(|(_, f)| !matches!(f, Failure::Defect(_)))
        else {
            return Ok(Exit::Survivors);
        };
        let mut error = Error::from(failure);
        error.exit = Exit::Survivors;
        error.message = format!("{id}: {}", error.message);
        Err(error)
    }
}

/// A lab of which nothing is left has no state. `forgotten`: how many are left that it did not have.
fn close(
    journal: Arc<engine::Journal>,
    removal: &Removal,
    link: &Link,
    proof: Option<&Result<Proof, Error>>,
    forgotten: usize,
) -> Result<(), Error> {
    let state = journal.state();
    if removal.ok()
        && state.steps.is_empty()
        && let Ok(journal) = Arc::try_unwrap(journal)
    {
        // What is left of it is still this user's.
        if forgotten == 0 && proof.is_none_or(|proof| proof.as_ref().is_ok_and(Proof::holds)) {
            let runs = state.runs.iter().flatten().chain([&state.run]);
            link.user.remove_runs(&runs.map(String::as_str).collect());
        }
        crate::client::forget(journal.dir())?;
        journal.close()?;
    }
    Ok(())
}

fn started(state: &State) -> Event {
    let info = |(id, r): (&engine::StepId, &engine::Record)| StepInfo {
        id: id.clone(),
        kind: r.kind,
        name: r.name.clone(),
        chapter: r.chapter,
    };
    Event::RunStarted {
        command: "down",
        lab: state.lab.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
        steps: state.in_order().into_iter().map(info).collect(),
    }
}

/// How many of what: `15 deleted, 1 already gone`.
fn count(removal: &Removal) -> String {
    let count = |change: Change| removal.done.values().filter(|e| e.change == change).count();
    let mut words = vec![format!("{} deleted", count(Change::Deleted))];
    if count(Change::AlreadyGone) > 0 {
        words.push(format!("{} already gone", count(Change::AlreadyGone)));
    }
    words.join(", ")
}

/// A sentence of its own: what was left alone is there, and nobody's leftover.
fn not_ours(removal: &Removal) -> String {
    let ended = removal.done.values();
    match ended.filter(|e| e.change == Change::LeftAlone).count() {
        0 => String::new(),
        1 => " 1 resource is not this lab's and was left alone: see above.".to_owned(),
        n => format!(" {n} resources are not this lab's and were left alone: see above."),
    }
}
