# prebuildify runs node-gyp only. This file describes no build: its one action hands over to cmake-js, and
# CMakeLists.txt stays the only description. It is not at the root, where npm would run node-gyp on every install.
{
  'targets': [{
    'target_name': 'neocog',
    'type': 'none',
    'actions': [{
      'action_name': 'cmake_js',
      'inputs': [],
      'outputs': ['<(module_root_dir)/build/Release/neocog.node'],
      'action': [
        'node', '<(module_root_dir)/../../node_modules/cmake-js/bin/cmake-js', 'build',
        '--directory', '<(module_root_dir)/../..',
        '--out', '<(module_root_dir)/build/Release',
        '--arch', '<(target_arch)',
      ],
    }],
  }],
}
