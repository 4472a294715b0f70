// The JS-SDK of the simulated WeChat: it calls back at once and verifies nothing.
// It refuses to be more than that: what a real client checks is checked against a real client.
(function (window) {
  'use strict';
  if (window.jWeixin) return;
  var bridge = function () { return window.WeixinJSBridge; };
  var ready = [];
  var config = null;

  function invoke(name, args, done) {
    var tell = function (result) {
      var message = (result && (result.err_msg || result.errMsg)) || name + ':ok';
      var answer = Object.assign({}, result, { errMsg: message });
      var kind = message.slice(message.indexOf(':') + 1);
      if (kind === 'ok' && args.success) args.success(answer);
      else if (kind === 'cancel' && args.cancel) args.cancel(answer);
      else if (kind !== 'ok' && args.fail) args.fail(answer);
      if (args.complete) args.complete(answer);
      if (done) done(answer);
    };
    if (bridge() && bridge().invoke) bridge().invoke(name, args, tell);
    else setTimeout(function () { tell({ err_msg: name + ':ok' }); }, 0);
  }

  var names = ['updateAppMessageShareData', 'updateTimelineShareData', 'onMenuShareAppMessage', 'onMenuShareTimeline',
    'hideMenuItems', 'showMenuItems', 'hideOptionMenu', 'showOptionMenu', 'hideAllNonBaseMenuItem',
    'showAllNonBaseMenuItem', 'closeWindow', 'scanQRCode', 'chooseImage', 'previewImage', 'uploadImage',
    'downloadImage', 'getLocation', 'openLocation', 'getNetworkType', 'chooseWXPay', 'requestMerchantTransfer'];
  var wx = {
    config: function (given) {
      config = given || {};
      setTimeout(function () { ready.splice(0).forEach(function (call) { call(); }); }, 0);
    },
    ready: function (call) { if (config) setTimeout(call, 0); else ready.push(call); },
    error: function () {},
    checkJsApi: function (args) {
      var result = {};
      (args.jsApiList || []).forEach(function (name) {
        result[name] = names.indexOf(name) >= 0;
      });
      var answer = { errMsg: 'checkJsApi:ok', checkResult: result };
      setTimeout(function () {
        if (args.success) args.success(answer);
        if (args.complete) args.complete(answer);
      }, 0);
    },
  };
  names.forEach(function (name) { wx[name] = function (args) { invoke(name, args || {}); }; });
  window.wx = window.jWeixin = Object.assign(window.wx || {}, wx);
})(window);
