//! A run that makes a lab as a plan has it: what `up` and `reset` share from the moment they know where they lead.

mod again;
mod finish;
mod tag;

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use super::{
    link::Link,
    plan::{
        leaves::About,
        losses::{self, Agreed},
        secrets::{self, Secrets},
    },
    scene::{self, Site},
};
use crate::{
    aws::{Cx, Owner},
    engine::{self, Action, Foresight, Intent, Interrupt, Journal, Options, Plan, Reads, StepId},
    error::{Error, Exit},
    event::{Event, StepInfo},
    lab::Lab,
    user::runs::Run,
};
pub(super) use again::Foreseen;
use finish::{Ran, finish};
pub(super) use tag::will_tag;

/// One run, before its first change.
pub(super) struct Build<'a> {
    /// `up` or `reset`.
    pub(super) command: &'static str,
    pub(super) started: Instant,
    pub(super) site: &'a Site,
    pub(super) lab: &'a Lab,
    pub(super) link: &'a Link,
    pub(super) interrupt: &'a Interrupt,
    pub(super) plan: Arc<Plan>,
    pub(super) secrets: &'a Secrets,
    pub(super) cx: Cx,
    pub(super) journal: Arc<Journal>,
    pub(super) owner: Owner,
}

impl Build<'_> {
    /// Reads what is there, and returns what the run would do about it.
    async fn foresee(&self, reads: Reads) -> Result<Foresight, Error> {
        let state = self.journal.state();
        let foresight = engine::foresee(&self.plan, &self.cx, &state, reads);
        let foresight = self.interrupt.or(Box::pin(foresight)).await;
        Ok(foresight.ok_or_else(scene::interrupted)??)
    }

    /// Refuses a run that cannot be done, or whose losses nobody agreed to. `asked`: the part of the run whose losses
    /// have to be agreed to.
    pub(super) async fn check(
        &self,
        agreed: Agreed,
        foreseen: &Foreseen,
        asked: impl Fn(&StepId) -> bool,
    ) -> Result<(), Error> {
        let state = self.journal.state();
        let intents = &foreseen.foresight.intents;
        let intents_asked = intents.iter().filter(|intent| asked(&intent.id));
        let intents_asked: Vec<Intent> = intents_asked.cloned().collect();
        let lost = foreseen.losses.iter().filter(|(id, _)| asked(id));
        let lost: Vec<(StepId, String)> = lost.cloned().collect();
        losses::check(agreed, &intents_asked, &lost, self.link)?;
        for (_, loss) in &foreseen.losses {
            self.cx.warn(loss.clone());
        }
        self.cx.events().shown().await;
        if let Some(error) = secrets::unknown(self.lab, intents, self.secrets) {
            return Err(error);
        }
        for warning in &self.lab.warnings {
            self.cx.warn(warning);
        }
        let actions = intents.iter().map(|intent| (&intent.id, intent.action));
        for note in secrets::notes(self.lab, actions, Some(&state), self.secrets) {
            self.cx.warn(note);
        }
        Ok(())
    }

    /// Says what the lab does beyond its own resources, before the user is asked.
    pub(super) async fn say_what_leaves(&self, intents: &[Intent]) {
        for line in self.about(intents).await.lines() {
            self.cx.events().send(Event::warning(line));
        }
        // The reporter is another thread: the lines are on the screen before the question.
        self.cx.events().shown().await;
    }

    async fn about<'a>(&'a self, intents: &'a [Intent]) -> About<'a> {
        let place = (self.link.local.is_some(), self.link.is_twin().await);
        About::intents(self.lab, intents, Some(&self.owner), place)
    }

    /// Does what was foreseen, and reports how it ended.
    pub(super) async fn run(
        self,
        foresight: Foresight,
        parallel: usize,
        adopt: BTreeSet<StepId>,
    ) -> Result<Exit, Error> {
        let (state, events) = (self.journal.state(), self.cx.events().clone());
        let deleted = foresight.intents.iter();
        let deleted = deleted.filter(|intent| intent.action == Action::Delete);
        let steps = self.plan.steps().iter().map(StepInfo::of);
        events.send(Event::RunStarted {
            command: self.command,
            lab: self.lab.name.clone(),
            account: state.account.clone(),
            region: state.region.clone(),
            endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
            steps: steps.chain(deleted.map(StepInfo::of_deleted)).collect(),
        });
        for message in self.about(&foresight.intents).await.notices() {
            events.send(Event::Notice { message });
        }
        let run = Run::of(&state, self.site.base());
        if let Err(why) = self.link.user.add_run(run) {
            self.cx.warn(format!(
                "labctl cannot note that this lab is yours ({why}): should its state be lost, `labctl up --adopt` or \
                 `labctl down --adopt` finds it again; later commands in this folder need `--trust`"
            ));
        }
        let announced = foresight.intents.iter().filter(|intent| intent.goes());
        let options = Options {
            announced: Some(announced.map(|intent| intent.id.clone()).collect()),
            parallel,
            adopt,
            foresight,
        };
        let journal = Arc::clone(&self.journal);
        let built = engine::up(self.plan, self.cx.clone(), journal, options).await?;
        if built.ok() {
            tag::owner(&self.cx, &self.journal, &self.owner, &built.done).await?;
        }
        let ran = Ran {
            command: self.command,
            lab: self.lab,
            started: self.started,
        };
        let (link, interrupt) = (self.link, self.interrupt);
        finish(link, &self.journal, built, &events, interrupt, ran).await
    }
}
