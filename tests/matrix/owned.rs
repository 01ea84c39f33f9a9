//! Resources that the user owns beside the lab's.

use super::support::{owned::route53, twin::Account};

/// Creates an address record in a zone (`/hostedzone/ID`).
pub(super) fn record(account: &Account, zone: &str, name: &str) {
    let body = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>\
         <Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>{name}</Name><Type>A</Type><TTL>60</TTL>\
         <ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>\
         </ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    );
    route53(account, &format!("{zone}/rrset/"), &body);
}
