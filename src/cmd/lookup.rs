//! A lab without a state here: what is there of it is asked of AWS, by names and tags. Only reads; nothing is
//! written.

use super::{
    link::{self, Link},
    scene::{self, Known, Site},
    whose,
};
use crate::{
    aws::{Cx, Fault, Identity, Owner, Scope},
    cli::{Global, How},
    engine::{self, Interrupt, Plan, Seen, Standing, State},
    error::{Error, Exit},
    event::{Event, EventSink},
    lab::Lab,
    plan::{Extent, plan},
};

/// What AWS shows of a lab.
pub(super) struct Looked {
    pub(super) link: Link,
    /// What was found, as a state would have it.
    pub(super) state: State,
    /// Every step of the plan.
    pub(super) seen: Vec<Seen>,
    /// ARNs that carry the lab's tag and that no step of the plan has.
    pub(super) others: Vec<String>,
    /// Whose name new resources would get.
    pub(super) me: Owner,
    /// Somebody else's lab of the same name, in words.
    pub(super) whose: Option<String>,
}

impl Looked {
    /// Refuses somebody else's lab, of which nothing is this user's; `command` takes it over.
    pub(super) fn refuse_another(&self, command: &str) -> Result<(), Error> {
        match self.of_another() {
            Some(another) => Err(whose::refusal(another, command)),
            None => Ok(()),
        }
    }

    /// Somebody else's lab, of which nothing is this user's.
    pub(super) fn of_another(&self) -> Option<&str> {
        let own = self.seen.iter().any(|s| s.state == Standing::Found);
        self.whose.as_deref().filter(|_| !own)
    }

    /// Steps that something was seen of, or that AWS did not say anything of.
    pub(super) fn there(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(|s| s.state != Standing::NotBuilt)
    }
}

/// Looks where the lab may be. `None`: nowhere, since the twin that is asked for never held anything. A twin is not
/// started.
pub(super) async fn look(
    global: &Global,
    site: &Site,
    lab: &Lab,
    plan: &Plan,
    events: &EventSink,
) -> Result<Option<Looked>, Error> {
    look_at((global, site, lab), plan, events, false).await
}

/// The same; a twin that is stopped is started.
pub(super) async fn look_and_start(
    global: &Global,
    site: &Site,
    lab: &Lab,
    plan: &Plan,
    events: &EventSink,
) -> Result<Option<Looked>, Error> {
    look_at((global, site, lab), plan, events, true).await
}

async fn look_at(
    of: (&Global, &Site, &Lab),
    plan: &Plan,
    events: &EventSink,
    start: bool,
) -> Result<Option<Looked>, Error> {
    let (global, site, lab) = of;
    let interrupt = Interrupt::listen();
    let asked = async {
        let reached = reach((global, site, lab), events, &interrupt, start).await?;
        let Some((link, identity)) = reached else {
            return Ok(None);
        };
        let me = whose::owner(&identity.arn, lab.owner.as_deref());
        let mut state = link.new_state(&lab.name, &identity.account);
        let cx = link.cx(&state, events, &interrupt);
        let (seen, tagged, _) = tokio::join!(
            engine::discover(plan, &cx, &mut state),
            tagged(&cx, lab.edge.is_some()),
            link.is_twin()
        );
        let seen = seen.map_err(|fault| cannot_ask(fault.into()))?;
        // A hint more; the names are what counts, and they were asked for one by one.
        let others = others(tagged.unwrap_or_default(), &seen);
        let (_, makers) = cx.makers();
        let whose = (!makers.is_empty()).then(|| whose::words(&lab.name, &makers, Some(&me)));
        Ok::<_, Error>(Some(Looked {
            link,
            state,
            seen,
            others,
            me,
            whose,
        }))
    };
    let looked = interrupt.or(Box::pin(asked)).await;
    let Some(looked) = looked.filter(|_| !interrupt.is_set()) else {
        return Err(scene::interrupted());
    };
    let looked = looked?;
    // Nothing was found, but not everything was answered: that is no "nothing there".
    if let Some(looked) = &looked
        && looked.whose.is_none()
        && looked.others.is_empty()
        && let Some(unknown) = looked.there().next()
        && looked.there().all(|s| s.state == Standing::Unknown)
    {
        let why = unknown.message.as_deref().unwrap_or("no answer");
        return Err(cannot_ask(Error::failed(why)));
    }
    Ok(looked)
}

/// A lab that is up: its state, or, without one here, what names and tags show of it. `None`: nothing is there.
pub(super) async fn find(
    global: &Global,
    site: &Site,
    lab: &Lab,
) -> Result<Option<(Link, State)>, Error> {
    if let Some(state) = engine::journal::read(&site.state_folder(&lab.name))? {
        return linked(global, site, state).await;
    }
    let plan = plan(lab, &Extent::WHOLE)?;
    let (events, _) = EventSink::new();
    let looked = look(global, site, lab, &plan, &events).await?;
    if let Some(looked) = &looked {
        looked.refuse_another(&scene::command("up", global.local))?;
    }
    let looked = looked.filter(|looked| !looked.state.steps.is_empty());
    Ok(looked.map(|looked| (looked.link, looked.state)))
}

/// The lab of a state whose lab.yaml is not there to look by.
pub(super) async fn recorded(
    global: &Global,
    site: &Site,
    known: &Known,
) -> Result<Option<(Link, State)>, Error> {
    match known.state()? {
        Some(state) => linked(global, site, state).await,
        None => Ok(None),
    }
}

async fn linked(
    global: &Global,
    site: &Site,
    state: State,
) -> Result<Option<(Link, State)>, Error> {
    if state.steps.is_empty() {
        return Ok(None);
    }
    let link = link::link(global, site, &state.region, Some(&state)).await?;
    Ok(Some((link, state)))
}

/// Of the ARNs that carry the lab's tag, those that no step of the plan has.
pub(super) fn others(mut tagged: Vec<String>, seen: &[Seen]) -> Vec<String> {
    tagged.retain(|arn| !seen.iter().any(|s| is_of(arn, s)));
    tagged
}

/// What a run that builds the lab says of those. `None`: there are none.
pub(super) fn unnamed(others: &[String]) -> Option<String> {
    let labels = others.join(", ");
    (!others.is_empty()).then(|| {
        format!(
            "the state is lost, and these have this lab's tags under names that lab.yaml does not have: {labels}. \
             `labctl up` leaves them and builds new ones beside them. Write the old names in lab.yaml, and `labctl up` \
             adopts them, or `labctl down` removes them; `labctl down --prove` prints a command for each"
        )
    })
}

/// Whether an ARN is of something seen, or of something in it: it ends with its id, or has it as a folder. What is
/// another owner's is known by its name.
fn is_of(arn: &str, seen: &Seen) -> bool {
    let named = (seen.state == Standing::Foreign).then_some(seen.name.as_str());
    let id = seen.physical_id.as_deref().or(named);
    let rest = id.filter(|id| !id.is_empty());
    let rest = rest.and_then(|id| arn.strip_suffix(id));
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', ':']))
        || id.is_some_and(|id| arn.contains(&format!("/{id}/")))
}

/// The account of the credentials, or the twin beside the file: with `--local`, or without credentials. `start`: one
/// that is stopped is started.
async fn reach(
    (global, site, lab): (&Global, &Site, &Lab),
    events: &EventSink,
    interrupt: &Interrupt,
    start: bool,
) -> Result<Option<(Link, Identity)>, Error> {
    let twin = site.twin(None);
    let built = twin.has_world()?;
    let running = twin.running().await.is_some();
    let local = Global {
        local: true,
        ..global.clone()
    };
    if global.local && !running && !built {
        return Ok(None);
    }
    if !global.local {
        let link = link::link(global, site, &lab.region, None).await?;
        let cx = link.asking(&lab.name, events, interrupt);
        match cx.identity().await {
            Ok(identity) => return Ok(Some((link, identity))),
            Err(fault) if (running || (built && start)) && link.asks_nowhere(&fault) => {}
            Err(fault) => {
                let error = cannot_ask(link.no_identity(fault));
                return Err(if built {
                    error
                        .hint("for the local twin of this folder: `labctl local start`, then again")
                } else {
                    error
                });
            }
        }
    }
    if start {
        for message in twin.start(&How::default()).await?.warnings {
            events.send(Event::warning(message));
        }
    }
    let link = link::link(&local, site, &lab.region, None).await?;
    let cx = link.asking(&lab.name, events, interrupt);
    let identity = cx.identity().await;
    let identity = identity.map_err(|fault| cannot_ask(link.no_identity(fault)))?;
    Ok(Some((link, identity)))
}

fn cannot_ask(error: Error) -> Error {
    let message = format!(
        "there is no state of this lab here, and labctl cannot ask AWS what is there: {}",
        error.message
    );
    let exit = match error.exit {
        Exit::Interrupted => Exit::Interrupted,
        _ => Exit::Failed,
    };
    Error {
        exit,
        message,
        ..error
    }
}

/// ARNs of what carries the lab's tag, wherever a lab like this one has resources. A hint: see [`Cx::tagged`].
/// `edge`: it has an edge, or had one.
pub(super) async fn tagged(cx: &Cx, edge: bool) -> Result<Vec<String>, Fault> {
    let edge = async {
        if edge && cx.scopes().contains(&Scope::Global) {
            cx.tagged(Scope::Global).await
        } else {
            Ok(Vec::new())
        }
    };
    let (mut here, edge) = tokio::try_join!(cx.tagged(Scope::Region), edge)?;
    here.extend(edge);
    Ok(here)
}
