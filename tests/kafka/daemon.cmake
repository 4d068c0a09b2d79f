# The whole daemon on a real Kafka. Each script brings its own topics and groups.
foreach(tool commits peer trim)
  add_executable(${tool} ${tool}.c)
  target_link_libraries(${tool} PRIVATE PkgConfig::RDKAFKA)
endforeach()

pawl_script_test(kafka_crash crash.py LABELS kafka TIMEOUT 900)
foreach(test reload membership drain dead_letters slow_lane bad_input)
  pawl_script_test(kafka_${test} ${test}.py LABELS kafka TIMEOUT 300)
endforeach()

# The three scenarios: on one broker with everything else that the domains do, on three, and while every worker is killed.
pawl_script_test(kafka_scenarios three_scenarios.py LABELS kafka TIMEOUT 300)
pawl_script_test(kafka_scenarios_cluster three_scenarios.py --brokers 3 LABELS kafka TIMEOUT 300)
pawl_script_test(kafka_scenarios_killed three_scenarios.py --kill LABELS kafka TIMEOUT 300)

# What a newcomer does: the commands of README.md, and the demo on both brokers.
pawl_script_test(kafka_readme readme.py LABELS kafka TIMEOUT 300)
pawl_script_test(demo_kafka ../../tools/demo --kafka --no-build LABELS kafka TIMEOUT 300)
pawl_script_test(demo ../../tools/demo --no-build LABELS plugins TIMEOUT 120)
