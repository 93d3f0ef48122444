//! A prober finds nothing while people chat behind the port.

use chatter_tests::company::Company;

use crate::catalogue;
use crate::probe::compare;
use crate::servers::Pair;

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn the_catalogue_shows_no_difference_before_while_and_after_ten_people_chat() {
    let _turn = crate::alone();
    let probes = catalogue::all();
    assert!(probes.len() >= 300, "only {} probes", probes.len());
    let pair = Pair::start();
    let check = |when: &str| {
        let differing = compare(&pair, &probes);
        assert!(differing.is_empty(), "{when}: {}", differing.join("\n"));
    };
    check("before");
    let mut company = Company::gather(&pair.daemon.access_link(), 10);
    company.talk_while(|| check("while ten people chat"));
    assert!(company.rounds() >= 5, "they hardly talked: {} rounds", company.rounds());
    assert_eq!(pair.daemon.operator().ask(&["status"])["members"], 10);
    company.leave();
    check("after");
}
