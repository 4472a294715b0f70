(function () {
  var button = document.getElementById("confirm"), ask = button.dataset;
  button.hidden = false;
  if (window.wx && ask.config) {
    var config = JSON.parse(ask.config);
    config.jsApiList = ["requestMerchantTransfer"];
    wx.config(config);
  }
  function look() {
    setTimeout(function () { location.replace(ask.next); }, 1500);
  }
  function open() {
    WeixinJSBridge.invoke("requestMerchantTransfer", { mchId: ask.mchId, appId: ask.appId, package: ask.package }, look);
  }
  button.onclick = function () {
    if (window.WeixinJSBridge) open();
    else document.addEventListener("WeixinJSBridgeReady", open, { once: true });
  };
})();
