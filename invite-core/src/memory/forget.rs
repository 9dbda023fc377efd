//! What is deleted, and how that is undone.

use super::state::{State, Undo};
use crate::id::InvitationId;

impl State {
    /// Forgets an invitation and all that was kept of it. Says whether there was one.
    pub(super) fn forget(&mut self, id: InvitationId, undo: &mut Vec<Undo>) -> bool {
        let Some(row) = self.put(id, None) else { return false };
        if let Some(delivery) = row.record.delivery_id
            && let Some(name) = self.provider_ids.remove(&delivery)
        {
            undo.push(Undo::ProviderId(delivery, Some(name)));
        }
        let queued: Vec<_> =
            self.queue.iter().filter(|(_, queued)| queued.invitation == id).map(|(letter, _)| *letter).collect();
        for letter in queued {
            self.write_queue(letter, None, undo);
        }
        let tokens = self.tokens.extract_if(|_, (of, _)| *of == id).collect();
        let left = self.events.iter().filter(|event| event.invitation != id).cloned().collect();
        let events = std::mem::replace(&mut self.events, left);
        undo.push(Undo::Forgotten { row: Box::new(row), tokens, events });
        true
    }
}
