{
  # One description of the compile: CMakeLists.txt. This target only calls it, so that
  # node-gyp and prebuildify work as they are.
  "targets": [
    {
      "target_name": "heddle",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(PRODUCT_DIR)/heddle.node"],
          "action": ["node", "scripts/build-native.cjs", "--out", "<(PRODUCT_DIR)"]
        }
      ]
    }
  ]
}
