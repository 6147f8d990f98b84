from __future__ import annotations

import pytest
import uproot

from rdfplugins.simulate.hgg.mini import SCHEMA, TREE

_LEAVES = {"Int_t": "int", "UInt_t": "unsigned int", "Float_t": "float", "Bool_t": "bool"}


def test_the_schema_has_81_branches_in_the_order_of_the_files():
    names = list(SCHEMA)
    assert len(names) == 81
    assert names[:4] == ["runNumber", "eventNumber", "channelNumber", "mcWeight"]
    assert names[-1] == "tau_charge"
    assert SCHEMA["jet_n"].leaf == "unsigned int"
    assert SCHEMA["lep_type"].leaf == "vector<unsigned int>"
    assert SCHEMA["largeRjet_truthMatched"].leaf == "vector<float>"


@pytest.mark.real_data
def test_names_order_and_types_are_those_of_a_real_file(real_data):
    from rdfplugins.cpp import load_root

    file = load_root().TFile(str(real_data("atlas_mini/data_B.4lep.root")))
    branches = [
        (branch.GetName(), branch.GetClassName() or _LEAVES[branch.GetListOfLeaves()[0].GetTypeName()])
        for branch in file.Get(TREE).GetListOfBranches()
    ]
    file.Close()
    assert branches == [(name, branch.leaf) for name, branch in SCHEMA.items()]


@pytest.mark.real_data
def test_real_data_has_the_conventions_that_the_simulation_of_data_follows(real_data):
    with uproot.open(real_data("atlas_mini/data_B.4lep.root")) as file:
        names = ["jet_pt", "jet_trueflav", "jet_truthMatched", "lep_pt", "lep_truthMatched", "lep_pt_syst"]
        scalars = ["mcWeight", "scaleFactor_PILEUP", "XSection", "SumWeights", "runNumber", "channelNumber"]
        real = file[TREE].arrays([*names, *scalars])
    lengths = {name: sum(len(vector) for vector in real[name]) for name in names}
    assert lengths["jet_pt"] > 0
    assert lengths["jet_trueflav"] == lengths["jet_truthMatched"] == lengths["lep_truthMatched"] == 0
    assert lengths["lep_pt_syst"] == lengths["lep_pt"] > 0
    assert set(real["mcWeight"]) == set(real["scaleFactor_PILEUP"]) == {0}
    assert set(real["XSection"]) == set(real["SumWeights"]) == {1}
    assert list(real["runNumber"]) == list(real["channelNumber"])
