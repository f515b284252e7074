// Browsers run no Worker from file:. There, the search runs in a hidden frame instead. Messages are
// copied and come later, as those of a Worker do.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      this.scope = this.frame.contentWindow;
      this.scope.postMessage = (data) => this.send(this, data);
      const script = this.scope.document.createElement("script");
      script.src = new URL(url, document.baseURI);
      this.started = new Promise((resolve) => { script.onload = resolve; });
      this.scope.document.body.append(script);
    }

    send(receiver, data) {
      const copy = structuredClone(data);
      setTimeout(() => receiver.onmessage?.({ data: copy }));
    }

    postMessage(data) {
      const copy = structuredClone(data);
      this.started.then(() => this.send(this.scope, copy));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
