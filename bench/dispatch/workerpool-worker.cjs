'use strict';
require('workerpool').worker({ echo: (x) => x });
