// Browsers run no Worker from file:. There, the search runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const scope = this.frame.contentWindow;
      scope.postMessage = (data) => this.deliver(new MessageEvent("message", { data }));
      const script = scope.document.createElement("script");
      script.src = new URL(url, document.baseURI);
      this.ready = new Promise((loaded) => { script.onload = loaded; });
      scope.document.body.append(script);
    }

    deliver(event) {
      this.onmessage?.(event);
      this.dispatchEvent(event);
    }

    async postMessage(data) {
      await this.ready;
      this.frame.contentWindow?.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
