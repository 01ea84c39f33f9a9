//! Answers that hold more than one thing: read once a run, judged by many checks.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

use super::{Cx, Fault};

/// An operation, and what it was asked about.
type Question = (&'static str, String);
/// The answer, once it is there.
type Cell = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

/// What was read in this run.
#[derive(Default)]
pub(super) struct Answers(Mutex<BTreeMap<Question, Cell>>);

impl Answers {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Question, Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cx {
    /// What `read` answers to `operation` about `parent`, asked once a run: who asks meanwhile waits for the same
    /// answer. A failed read is not kept. Whoever changes something in `parent` calls [`Cx::forget`].
    ///
    /// # Errors
    /// As `read`.
    pub async fn once<T: Send + Sync + 'static>(
        &self,
        operation: &'static str,
        parent: &str,
        read: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Arc<T>, Fault> {
        let cell = {
            let mut all = self.shared.answers.all();
            let question = (operation, parent.to_owned());
            Arc::clone(all.entry(question).or_default())
        };
        let read = async || {
            read.await
                .map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>)
        };
        let answer = Arc::clone(cell.get_or_try_init(read).await?);
        // One operation has one type of answer.
        answer
            .downcast()
            .map_err(|_| Fault::defect(operation, "it is read as two types"))
    }

    /// Forgets what `operation` answered about `parent`: something in it changes.
    pub fn forget(&self, operation: &'static str, parent: &str) {
        let question = (operation, parent.to_owned());
        self.shared.answers.all().remove(&question);
    }

    /// Forgets all answers: to see what has changed since.
    pub(super) fn forget_all(&self) {
        self.shared.answers.all().clear();
    }
}
