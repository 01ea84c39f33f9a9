//! `down` without a state: what the lab's file names is looked for, and removed when it is ours.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Run, close, prove::Record, started};
use crate::{
    aws::{Cx, Identity},
    cli::{Global, How},
    cmd::{
        link::{self, Link},
        scene, whose,
    },
    engine::{self, Failure, Interrupt, Lock, Plan, Removal, State},
    error::{Error, Exit},
    event::Event,
    lab::Lab,
    plan::{Extent, plan},
};

/// With what lives in what was found: `down` need not know it, since that goes with its parent.
async fn whole_state(whole: &Plan, cx: &Cx, found: &State) -> State {
    let mut state = State {
        steps: BTreeMap::new(),
        ..found.clone()
    };
    // Without an answer, nothing is known to be the lab's: the question says more than it should.
    let _ = engine::discover(whole, cx, &mut state).await;
    state.steps.extend(found.steps.clone());
    state
}

impl Run<'_> {
    pub(super) async fn without_state(&self, lock: Lock) -> Result<Exit, Error> {
        let interrupt = Interrupt::listen();
        let reached = match &self.known.lab {
            Some(lab) => self
                .reach(lab, &interrupt)
                .await?
                .map(|reached| (lab, reached)),
            None => None,
        };
        let Some((lab, (link, identity))) = reached else {
            return self.tell_nothing(None);
        };
        let mut state = link.new_state(&lab.name, &identity.account);
        let me = whose::owner(&identity.arn, lab.owner.as_deref());
        let command = scene::command("down", self.global.local);
        let cx = link.cx(&state, self.events(), &interrupt);
        let whole = plan(lab, &Extent::WHOLE)?;
        let settle = whose::settle(
            (self.global, &cx, &me),
            &whole,
            &mut state,
            (&command, self.args.adopt),
        );
        let settled = interrupt.or(Box::pin(settle)).await;
        settled.ok_or_else(scene::interrupted)??;
        let journal = Arc::new(lock.journal(state));
        let wait = std::time::Duration::from_mins(self.args.edge_wait);
        let cx = link
            .cx(&journal.state(), self.events(), &interrupt)
            .with_edge_wait(wait);
        let mut total = Removal::default();
        let mut record = Record::default();
        let (mut asked, mut forgotten) = (false, 0);
        let mut seen = BTreeSet::new();
        // Names of pools and APIs are not unique: until nothing of ours is found.
        while self.recover(lab, &cx, &journal).await? > 0 {
            let state = journal.state();
            let found: BTreeSet<String> = state
                .steps
                .values()
                .map(|r| format!("{:?} {:?}", r.key, r.output))
                .collect();
            if found.is_subset(&seen) {
                let message =
                    "AWS still shows what was just deleted: `labctl down` once more, in a minute"
                        .to_owned();
                self.events().send(Event::warning(message));
                total.skipped.extend(state.steps.into_keys());
                break;
            }
            seen.extend(found);
            let mut survey = engine::survey(&cx, &state).await;
            if !asked {
                let question = format!(
                    "There is no state, but {} resources of this lab were found{} in account {}. Remove them?",
                    state.steps.len(),
                    self.by_hand(&link, &cx, &whole_state(&whole, &cx, &state).await, &survey)
                        .await,
                    state.account
                );
                scene::confirm(self.global, &link, &interrupt, &question).await?;
                asked = true;
                if !self.global.yes && link.local.is_none() {
                    // Nobody knows for how long.
                    survey = engine::survey(&cx, &state).await;
                }
            }
            self.events().send(started(&state));
            let parallel = self.args.parallel;
            let removal = engine::down(cx.clone(), Arc::clone(&journal), survey, parallel).await;
            record.add(&state, &removal);
            let ok = removal.ok();
            if !self.args.prove {
                self.tell_left(&cx, &link, &state, &removal).await;
            }
            total.done.extend(removal.done);
            total.failed.extend(removal.failed);
            total.skipped.extend(removal.skipped);
            if !ok {
                break;
            }
        }
        let proof = if self.args.prove && !interrupt.is_set() {
            Some(self.prove(&cx, &link, &identity, record).await)
        } else {
            forgotten = self
                .tell_forgotten(&cx, &link, &journal.state(), &total)
                .await;
            None
        };
        let left = journal.state();
        close(journal, &total, &link, proof.as_ref(), forgotten)?;
        let proof = proof.transpose()?;
        if total.done.is_empty() && total.ok() && forgotten == 0 {
            return self.tell_nothing(proof);
        }
        self.finish(total, &left, &interrupt, proof, forgotten)
    }

    /// Records what is found by the lab's names, and answers how many. When that cannot be looked for, `--prove`
    /// goes on: the sweep shows what can be seen.
    pub(super) async fn recover(
        &self,
        lab: &Lab,
        cx: &Cx,
        journal: &engine::Journal,
    ) -> Result<usize, Error> {
        match engine::recover(&plan(lab, &Extent::WHOLE)?, cx, journal).await {
            Ok(found) => Ok(found),
            Err(Failure::Aws(fault)) if self.args.prove && !cx.interrupt().is_set() => {
                let message = format!("nothing was deleted: {fault}");
                self.events().send(Event::warning(message));
                Ok(0)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Where a lab without a state may be: in the account of the credentials; on the twin beside the file
    /// with `--local`, or when there are no credentials. `None`: nowhere.
    async fn reach(
        &self,
        lab: &Lab,
        interrupt: &Interrupt,
    ) -> Result<Option<(Link, Identity)>, Error> {
        let (global, site) = (self.global, self.site);
        let local = Global {
            local: true,
            ..global.clone()
        };
        let twin = site.twin(None);
        // A twin that runs may not have saved yet what it holds.
        let built = twin.has_world()? || twin.running().await.is_some();
        if !global.local {
            let link = link::link(global, site, &lab.region, None).await?;
            let cx = link.asking(&lab.name, self.events(), interrupt);
            match cx.identity().await {
                Ok(identity) => return Ok(Some((link, identity))),
                Err(fault) if built && link.asks_nowhere(&fault) => {}
                Err(fault) => {
                    let error = link.no_identity(fault);
                    let message = format!(
                        "there is no state of {} here, and {}",
                        lab.name, error.message
                    );
                    return Err(Error::new(error.exit, message)
                        .hint("with credentials, `labctl down` looks for the lab's resources by their tags")
                        .hint("after `labctl up --local`: `labctl down --local`"));
                }
            }
        }
        if !built {
            return Ok(None);
        }
        for message in twin.start(&How::default()).await?.warnings {
            self.events().send(Event::warning(message));
        }
        let link = link::link(&local, site, &lab.region, None).await?;
        let cx = link.asking(&lab.name, self.events(), interrupt);
        let identity = link.identity(&cx, None).await?;
        Ok(Some((link, identity)))
    }
}
