"""Configs of the training branch, with the keys and numbers that umami's files have."""

from __future__ import annotations

PARAMETERS = """\
# paths and cuts that other files refer to
ntuple_path: &ntuple_path ntuples
.base_path: &base_path out
sample_path: &sample_path !join [*base_path, /prepared]
file_path: !join [*base_path, /preprocessed]
.outfile_name: &outfile_name !join [*base_path, /PFlow-hybrid.h5]
.var_file: &var_file variables.yaml
.dict_file: &dict_file !join [*base_path, /scale_dicts/PFlow.json]
.intermediate_index_file: &intermediate_index_file !join [*base_path, /indices.h5]
.outlier_cuts: &outlier_cuts
  - pt_jet:
      operator: "<="
      condition: 6e6
  - softness:
      operator: ">"
      condition: -5
      NaNcheck: True
.cuts_template_ttbar_train: &cuts_template_ttbar_train
  cuts:
    - eventNumber:
        operator: mod_6_<=
        condition: 3
    - pt_btagJes:
        operator: "<="
        condition: 2.5e5
    - *outlier_cuts
.cuts_template_zprime_train: &cuts_template_zprime_train
  cuts: [{pt_btagJes: {operator: ">", condition: 2.5e5}}, {flavour: {operator: "!=", condition: 15}}]
"""

PREPROCESSING = """\
parameters: !include Preprocessing-parameters.yaml

preparation: &preparation
  batchsize: 50000
  ntuples: &ntuples
    ttbar:
      path: *ntuple_path
      file_pattern: tt/*.h5
    zprime: {path: *ntuple_path, file_pattern: zp/*.h5}
  samples:
    training_ttbar_bjets:
      type: ttbar
      category: bjets
      n_jets: 10e6
      <<: *cuts_template_ttbar_train
      f_output:
        path: *sample_path
        file: bjets_ttbar.h5
    training_ttbar_cjets:
      type: ttbar
      category: cjets
      # the name as one path
      n_jets: 12745953
      <<: *cuts_template_ttbar_train
      output_name: !join [*sample_path, /cjets_ttbar.h5]
    training_ttbar_ujets: {type: ttbar, category: ujets, n_jets: 20e6, <<: *cuts_template_ttbar_train}
    training_zprime_bjets: {type: zprime, category: bjets, n_jets: 10e6, <<: *cuts_template_zprime_train}
    training_zprime_cjets: {type: zprime, category: cjets, n_jets: 10e6, <<: *cuts_template_zprime_train}
    training_zprime_ujets: {type: zprime, category: ujets, n_jets: 10e6, <<: *cuts_template_zprime_train}
    validation_ttbar: {type: ttbar, category: inclusive, n_jets: 4e6}

sampling:
  # the order must stay
  class_labels: [ujets, cjets, bjets]
  method: count
  options:
    sampling_variables:
      - pt_btagJes:
          # first, last, number; or a list of these
          bins: [[0, 600000, 351], [650000, 6000000, 84]]
      - absEta_btagJes:
          bins: [0, 2.5, 10]
    samples:
      ttbar:
        - training_ttbar_bjets
        - training_ttbar_cjets
        - training_ttbar_ujets
      zprime:
        - training_zprime_bjets
        - training_zprime_cjets
        - training_zprime_ujets
    custom_n_jets_initial:
      training_ttbar_bjets: 5.5e6
      training_ttbar_cjets: 11.5e6
      training_ttbar_ujets: 13.5e6
    fractions:
      ttbar: 0.7
      zprime: 0.3
    n_jets: 25e6
    save_tracks: True
    tracks_names: ["tracks"]
    save_track_labels: True
    track_truth_variables: ["truthOriginLabel", "truthVertexIndex"]
    intermediate_index_file: *intermediate_index_file
    weighting_target_flavour: 'bjets'
    bool_attach_sample_weights: False
    n_jets_to_plot: 3e4

outfile_name: *outfile_name
plot_name: PFlow_ext-hybrid
plot_sample_label: null
var_file: *var_file
dict_file: *dict_file
compression: null
precision: float32
convert_to_tfrecord:
  chunk_size: 5000
  N_add_vars: null
"""

HYBRID = """\
<<: !include PFlow-Preprocessing.yaml
preparation:
  <<: *preparation
  ntuples: {ttbar: {path: *ntuple_path, file_pattern: [tt/*.h5, more/*.h5]}}
  samples:
    validation_ttbar_bjets: {type: ttbar, category: bjets, n_jets: 1e6, <<: *cuts_template_ttbar_train}
    validation_ttbar_cjets: {type: ttbar, category: cjets}
sampling:
  method: count
  class_labels: [cjets, bjets]
  options:
    sampling_variables:
      - pt_btagJes: {bins: [0, 25e4, 101]}
    samples: {ttbar: [validation_ttbar_bjets, validation_ttbar_cjets]}
    custom_n_jets_initial:
    tracks_names: null
    track_truth_variables: truthOriginLabel
"""

FILES = """\
sampling:
  from:
    training_ttbar_bjets: [tb/*.h5]
    training_ttbar_cjets: tc.h5
    training_ttbar_ujets: tu.h5
    training_zprime_bjets: zb.h5
    training_zprime_cjets: zc.h5
    training_zprime_ujets: zu.h5
  class_labels: [ujets, cjets, bjets]
"""
SAMPLES = """\
    samples:
      ttbar:
        - training_ttbar_bjets
        - training_ttbar_cjets
        - training_ttbar_ujets
      zprime:
        - training_zprime_bjets
        - training_zprime_cjets
        - training_zprime_ujets
"""

PDF = f"""\
{FILES}  method: pdf
  options:
    sampling_variables:
      - pt_btagJes:
          # one for each category
          bins: [[0, 25e4, 100], [25e4, 6e6, 100]]

      - absEta_btagJes:
          bins: [[0, 2.5, 10], [0, 2.5, 10]]

{SAMPLES}
    custom_n_jets_initial: # empty for this method

    # by sample
    max_upsampling_ratio:
      training_ttbar_cjets: 5
      training_zprime_cjets: 5
    sampling_fraction:
      training_ttbar_cjets: 1
"""

IMPORTANCE = f"""\
{FILES}  method: importance_no_replace
  options:
    target_distribution: bjets
    sampling_variables:
      - pt_btagJes:
          bins: [0, 15e5, 250]

      - absEta_btagJes:
          bins: [0, 2.5, 9]
{SAMPLES}    # all of them
    n_jets: -1
"""

WEIGHTING = f"""\
{FILES}  method: weighting
  options:
    sampling_variables:
      - pt_btagJes:
          bins: [[0, 600000, 351], [650000, 6000000, 84]]
      - absEta_btagJes:
          bins: [0, 2.5, 10]
{SAMPLES}    weighting_target_flavour: 'bjets'
    bool_attach_sample_weights: True
"""

COUNT = """\
classes:
  up: {cut: flavour == 0, color: "#1f77b4"}
  charm: {cut: flavour == 4, label: "$c$"}
resample:
  method: count
  class_labels: [up, charm]
  from: {tt_up: a.root, tt_charm: b.root, zp_up: c.root, zp_charm: d.root}
  options:
    sampling_variables:
      - pt:
          bins: [0, 15e5, 250]
      - abs_eta: {expression: abs(eta), edges: [0, 1, 2.5]}
    samples: {ttbar: [tt_up, tt_charm], zprime: [zp_up, zp_charm]}
    fractions: {ttbar: 0.7, zprime: 0.3}
    custom_n_jets_initial: {tt_up: 5.5e6}
    n_jets: 10e6
"""

PREPARATION = """\
preparation:
  ntuples:
    ttbar: {path: files, file_pattern: "*.h5"}
  samples:
    tt_up:
      type: ttbar
      category: up
      n_jets: 1e6
      cuts:
        - eventNumber: {operator: mod_6_<=, condition: 3}
        - [{pt: {operator: "<", condition: 2.5e5, NaNcheck: true}}]
      cut: abs(eta) < 2.5
      output_name: up.h5
"""
