// SPDX-License-Identifier: Apache-2.0
// Reads QR codes from the camera with the browser's own detector, where it has one. Pictures are looked at and dropped.

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: readonly string[] }) => Detector;

const detectorClass = (): DetectorClass | undefined =>
  (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;

export const canScan = (): boolean => detectorClass() !== undefined && navigator.mediaDevices !== undefined;

const LOOK_EVERY_MS = 200;

export interface Scan {
  close(): void;
}

/** Calls `found` with every text seen until closed. Rejects where the camera is refused. */
export async function startScan(video: HTMLVideoElement, found: (text: string) => void): Promise<Scan> {
  const Detector = detectorClass();
  if (Detector === undefined) throw new TypeError('this browser detects no codes');
  const detector = new Detector({ formats: ['qr_code'] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const stop = (): void => {
    for (const track of stream.getTracks()) track.stop();
    if (video.srcObject === stream) video.srcObject = null;
  };
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    stop();
    throw error;
  }
  const timer = setInterval(() => {
    // A frame that cannot be read yet is followed by one that can.
    const seen = detector.detect(video).catch(() => []);
    void seen.then((codes) => codes.forEach(({ rawValue }) => found(rawValue)));
  }, LOOK_EVERY_MS);
  return {
    close() {
      clearInterval(timer);
      stop();
    },
  };
}
