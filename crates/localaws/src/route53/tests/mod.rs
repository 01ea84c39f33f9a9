//! The service as the wire layer drives it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod records;
mod zones;

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{handle, set};
use crate::{
    app::{App, Config},
    call::{Call, Service},
    world::World,
};

const ACCOUNT: &str = "111122223333";

struct Twin {
    app: Arc<App>,
}

impl Twin {
    /// One whose changes take no time.
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        let twin = Self {
            app: Arc::new(App::new(config, World::default())),
        };
        twin.sync_in(0.0);
        twin
    }

    fn sync_in(&self, seconds: f64) {
        let setting = json!({ "sync_seconds": seconds });
        set(&self.app, setting.to_string().as_bytes()).unwrap();
    }

    fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        let call = Call {
            service: Service::Route53,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        handle(&self.app, &call).map_err(|e| format!("{} {}: {}", e.status, e.code, e.message))
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).unwrap()
    }

    fn refused(&self, operation: &str, input: Value) -> String {
        self.call(operation, input).unwrap_err()
    }

    /// A new zone's id, without `/hostedzone/`.
    fn zone(&self, name: &str) -> String {
        let count = self.ok("ListHostedZones", json!({}))["HostedZones"]
            .as_array()
            .unwrap()
            .len();
        let made = self.ok(
            "CreateHostedZone",
            json!({"Name": name, "CallerReference": format!("r{count}")}),
        );
        let id = made["HostedZone"]["Id"].as_str().unwrap();
        id.strip_prefix("/hostedzone/").unwrap().to_owned()
    }

    fn change(&self, zone: &str, changes: &[(&str, &Value)]) -> Result<Value, String> {
        let changes: Vec<Value> = changes
            .iter()
            .map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set}))
            .collect();
        let batch =
            json!({"HostedZoneId": zone, "ChangeBatch": {"Comment": "c", "Changes": changes}});
        self.call("ChangeResourceRecordSets", batch)
    }

    /// `name type` of all record sets of a zone.
    fn records(&self, zone: &str) -> Vec<String> {
        let listed = self.ok("ListResourceRecordSets", json!({ "HostedZoneId": zone }));
        let sets = listed["ResourceRecordSets"].as_array().unwrap().iter();
        let shown = |set: &Value| {
            format!(
                "{} {}",
                set["Name"].as_str().unwrap(),
                set["Type"].as_str().unwrap()
            )
        };
        sets.map(shown).collect()
    }
}

fn plain(name: &str, kind: &str, values: &[&str]) -> Value {
    let values: Vec<Value> = values
        .iter()
        .map(|value| json!({ "Value": value }))
        .collect();
    json!({"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": values})
}

fn alias(name: &str, kind: &str, target: &str) -> Value {
    let target =
        json!({"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": target, "EvaluateTargetHealth": false});
    json!({"Name": name, "Type": kind, "AliasTarget": target})
}
