# The whole daemon on a real Kafka. Each script brings its own topics and groups.
foreach(tool commits peer trim)
  add_executable(${tool} ${tool}.c)
  target_link_libraries(${tool} PRIVATE PkgConfig::RDKAFKA)
endforeach()

pawl_script_test(kafka_crash crash.py LABELS kafka TIMEOUT 900)
foreach(test reload membership drain dead_letters slow_lane bad_input)
  pawl_script_test(kafka_${test} ${test}.py LABELS kafka TIMEOUT 300)
endforeach()

# What a newcomer does: the commands of README.md, and the demo on both brokers.
pawl_script_test(kafka_readme readme.py LABELS kafka TIMEOUT 300)
pawl_script_test(demo_kafka ../../tools/demo --kafka --no-build LABELS kafka TIMEOUT 300)
pawl_script_test(demo ../../tools/demo --no-build LABELS plugins TIMEOUT 120)
